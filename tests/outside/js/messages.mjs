// Signs requests and verifies answers with a package by others: http-message-signatures.
//
//   node messages.mjs sign     [{jwk, kid, alg, fields, tag, created, request}]   its headers
//   node messages.mjs verify   [{jwk, alg, response, request}]                    "holds", or what is wrong
//
// Reads a JSON list from standard input and writes one answer for each.

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import signatures from 'http-message-signatures';

const { httpbis, createSigner, createVerifier } = signatures;

async function sign({ jwk, kid, alg, fields, tag, created, request }) {
  const key = createSigner(createPrivateKey({ key: jwk, format: 'jwk' }), alg, kid);
  const signed = await httpbis.signMessage({
    key,
    name: 'outside',
    fields,
    params: ['created', 'keyid', 'tag'],
    paramValues: { created: new Date(created * 1000), tag },
  }, request);
  return signed.headers;
}

async function verify({ jwk, alg, response, request }) {
  const key = createVerifier(createPublicKey({ key: jwk, format: 'jwk' }), alg);
  const found = await httpbis.verifyMessage({
    keyLookup: async () => ({ id: jwk.kid, algs: [alg], verify: key }),
    requiredFields: ['@status', 'content-digest'],
  }, response, request);
  return found === true ? 'holds' : 'the signature is not that of the key';
}

const judge = { sign, verify }[process.argv[2]];
const answers = await Promise.all(
  JSON.parse(readFileSync(0, 'utf8')).map((each) => judge(each).catch((wrong) => wrong.message)),
);
process.stdout.write(JSON.stringify(answers));
