// An authorization server by others that does what our token endpoint does: private_key_jwt, DPoP with
// nonces, JWT access tokens of 300 seconds for one resource; its memory is its own.
//
//   node oidc/tokens.mjs
//
// Says its issuer on the first line of standard output; then reads one line of JSON from standard input,
// {client_id, jwk, resource}, and says "ready".  It ends with its standard input.

import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const server = createServer();
await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
const issuer = `http://127.0.0.1:${server.address().port}`;
process.stdout.write(`${issuer}\n`);

const given = JSON.parse((await lines.next()).value);
const { privateKey } = await generateKeyPair('ES256', { extractable: true });
const key = { ...await exportJWK(privateKey), kid: 'first', use: 'sig', alg: 'ES256' };
const resource = {
  scope: 'ask', audience: given.resource, accessTokenTTL: 300, accessTokenFormat: 'jwt',
  jwt: { sign: { alg: 'ES256' } },
};

const provider = new Provider(issuer, {
  clients: [{
    client_id: given.client_id,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    dpop_bound_access_tokens: true,
    id_token_signed_response_alg: 'ES256',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    jwks: { keys: [given.jwk] },
  }],
  jwks: { keys: [key] },
  clientAuthMethods: ['private_key_jwt'],
  cookies: { keys: [randomBytes(32).toString('hex')] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => given.resource,
      getResourceServerInfo: () => resource,
      useGrantedResource: () => true,
    },
  },
});
provider.on('server_error', (ctx, error) => { process.stderr.write(`${error.stack}\n`); });
server.on('request', provider.callback());
process.stdout.write('ready\n');
process.stdin.on('end', () => process.exit(0));
for await (const line of lines) { if (line === 'end') break; }
process.exit(0);
