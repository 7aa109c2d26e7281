// Makes tokens and proofs, good and hostile, with a package by others: jose.
//
//   node tokens.mjs   [{how, header, claims, jwk, secret}]   one compact text for each
//
// how: "signed" with the private jwk, "unsecured" (alg none), "shared" with the text secret as a
// key of HMAC.  Reads a JSON list from standard input.

import { readFileSync } from 'node:fs';
import { SignJWT, UnsecuredJWT, importJWK } from 'jose';

const ways = {
  signed: async ({ header, claims, jwk }) => (
    new SignJWT(claims).setProtectedHeader(header).sign(await importJWK(jwk, header.alg))
  ),
  unsecured: async ({ claims }) => new UnsecuredJWT(claims).encode(),
  shared: async ({ header, claims, secret }) => (
    new SignJWT(claims).setProtectedHeader(header).sign(new TextEncoder().encode(secret))
  ),
};

const cases = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(await Promise.all(cases.map((each) => ways[each.how](each)))));
