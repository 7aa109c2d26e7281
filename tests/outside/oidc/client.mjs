// A certified relying party by others signs on at our stand-in of the province's providers.
//
//   node oidc/client.mjs
//
// Reads lines of JSON from standard input and answers each with one line.  {issuer, client_id, jwk, redirect_uri,
// acr} begins: the answer is {url}, where the browser goes.  {callback}, where it came back to, ends it: the answer
// is {claims, userinfo, logout}.  Whatever is refused is {refused}, in the package's own words.

import { createInterface } from 'node:readline';
import { importJWK } from 'jose';
import * as client from 'openid-client';

let config;
let expected;
let issuer;
let after;

async function begin(given) {
  const key = { key: await importJWK(given.jwk, 'ES256'), kid: given.jwk.kid };
  issuer = given.issuer;
  after = given.after;
  config = await client.discovery(
    new URL(given.issuer),
    given.client_id,
    { id_token_signed_response_alg: 'ES256' },
    client.PrivateKeyJwt(key),
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
  );
  const verifier = client.randomPKCECodeVerifier();
  expected = {
    pkceCodeVerifier: verifier,
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    maxAge: 300,
    idTokenExpected: true,
  };
  const wishes = {
    redirect_uri: given.redirect_uri,
    scope: 'openid',
    state: expected.expectedState,
    nonce: expected.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    acr_values: given.acr,
    max_age: '300',
  };
  const url = await client.buildAuthorizationUrlWithPAR(config, wishes);
  return { url: url.href };
}

async function finish({ callback }) {
  const tokens = await client.authorizationCodeGrant(config, new URL(callback), expected);
  const claims = tokens.claims();
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  const logout = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token, post_logout_redirect_uri: after,
  });
  return { claims, userinfo, logout: logout.href, issuer };
}

for await (const line of createInterface({ input: process.stdin })) {
  const given = JSON.parse(line);
  const answer = await ('callback' in given ? finish(given) : begin(given))
    .catch((wrong) => ({ refused: `${wrong.code ?? ''} ${wrong.message}`.trim() }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
