// Judges a log with packages by others: sigstore-js, noble post-quantum, canonicalize.
//
//   node judge.mjs sigstore    [{note, vkey, entry, index, path}]  signature and inclusion
//   node judge.mjs mldsa       [{note, vkey}]                      the signature of type 0x06
//   node judge.mjs canonical   ["one record as JSON"]              SHA-256 of its canonical form
//
// Reads a JSON list from standard input and writes one answer for each: "holds", what is wrong, or
// a digest.  Bytes are base64.

import { createHash, createPublicKey } from 'node:crypto';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import canonicalize from 'canonicalize';

const require = createRequire(import.meta.url);
const { verifyCheckpoint } = require('@sigstore/verify/dist/tlog/checkpoint.js');
const { verifyMerkleInclusion } = require('@sigstore/verify/dist/tlog/merkle.js');

// An Ed25519 key as DER is this and its 32 bytes (RFC 8410).
const ED25519_DER = Buffer.from('302a300506032b6570032100', 'hex');

function keyOf(vkey) {
  const [name, id, ...rest] = vkey.split('+');
  const material = Buffer.from(rest.join('+'), 'base64');
  const hash = createHash('sha256').update(`${name}\n`).update(material).digest();
  if (hash.subarray(0, 4).toString('hex') !== id) throw new Error('the identifier of the key');
  return { name, id: hash.subarray(0, 4), public: material.subarray(1) };
}

function sigstore({ note, vkey, entry, index, path }) {
  const key = keyOf(vkey);
  const log = {
    logID: Buffer.concat([key.id, Buffer.alloc(28)]),
    publicKey: createPublicKey({
      key: Buffer.concat([ED25519_DER, key.public]), format: 'der', type: 'spki',
    }),
    baseURL: `https://${key.name}`,
  };
  const logged = {
    canonicalizedBody: Buffer.from(entry, 'base64'),
    inclusionProof: {
      logIndex: String(index),
      hashes: path.map((each) => Buffer.from(each, 'base64')),
      checkpoint: { envelope: note },
    },
  };
  verifyMerkleInclusion(logged, verifyCheckpoint(logged, [log]));
  return 'holds';
}

function counted(text) {
  const data = Buffer.from(text, 'utf-8');
  return Buffer.concat([Buffer.from([data.length]), data]);
}

function uint64(value) {
  const data = Buffer.alloc(8);
  data.writeBigUInt64BE(BigInt(value));
  return data;
}

// c2sp.org/tlog-cosignature, the structure that ML-DSA-44 signs.
function mldsa({ note, vkey }) {
  const key = keyOf(vkey);
  const [text, lines] = note.split('\n\n');
  const [origin, size, root] = text.split('\n');
  for (const line of lines.split('\n')) {
    const [, name, value] = line.split(' ');
    const signed = Buffer.from(value ?? '', 'base64');
    if (name !== key.name || !signed.subarray(0, 4).equals(key.id)) continue;
    const message = Buffer.concat([
      Buffer.from('subtree/v1\n\0'), counted(name), signed.subarray(4, 12), counted(origin),
      uint64(0), uint64(size), Buffer.from(root, 'base64'),
    ]);
    if (!ml_dsa44.verify(signed.subarray(12), message, key.public)) throw new Error('signature');
    return 'holds';
  }
  throw new Error('no signature of this key');
}

function canonical(entry) {
  return createHash('sha256').update(canonicalize(JSON.parse(entry)), 'utf-8').digest('hex');
}

const judge = { sigstore, mldsa, canonical }[process.argv[2]];
const answers = JSON.parse(readFileSync(0, 'utf-8')).map((each) => {
  try {
    return judge(each);
  } catch (wrong) {
    return `refused: ${wrong.message}`;
  }
});
process.stdout.write(JSON.stringify(answers));
