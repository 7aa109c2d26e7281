// An OpenID provider by others, in its FAPI 2.0 mode, for our relying party to sign people on at.
//
//   node oidc/provider.mjs
//
// Says its issuer on the first line of standard output; then reads one line of JSON from standard input,
// {clients, accounts, claims, acrs}, and says "ready".  Everything that it refuses goes to standard error,
// one line of JSON each.  It ends with its standard input.
//
// People answer at  POST /interaction/<uid>  with the fields persona, acr and answer ("yes" or "no").

import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const ALGORITHMS = ['ES256', 'EdDSA'];
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const server = createServer();
await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
const issuer = `http://127.0.0.1:${server.address().port}`;
process.stdout.write(`${issuer}\n`);

const given = JSON.parse((await lines.next()).value);
const { privateKey } = await generateKeyPair('ES256', { extractable: true });
const key = { ...await exportJWK(privateKey), kid: 'first', use: 'sig', alg: 'ES256' };

const provider = new Provider(issuer, {
  clients: given.clients,
  jwks: { keys: [key] },
  acrValues: given.acrs,
  claims: { openid: ['sub', ...given.claims] },
  conformIdTokenClaims: true,
  clientAuthMethods: ['private_key_jwt'],
  responseTypes: ['code'],
  scopes: ['openid'],
  subjectTypes: ['public'],
  enabledJWA: {
    clientAuthSigningAlgValues: ALGORITHMS,
    dPoPSigningAlgValues: ALGORITHMS,
    idTokenSigningAlgValues: ['ES256'],
    userinfoSigningAlgValues: ['ES256'],
  },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  features: {
    backchannelLogout: { enabled: true },
    devInteractions: { enabled: false },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    fapi: { enabled: true, profile: '2.0' },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
    rpInitiatedLogout: { enabled: true },
  },
  // Its own way out refuses the loopback, rightly; here everybody lives there.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  ttl: { AccessToken: 300, AuthorizationCode: 60, IdToken: 300, PushedAuthorizationRequest: 60 },
  async findAccount(ctx, id) {
    const account = given.accounts[id];
    return account && { accountId: id, claims: async () => ({ sub: account.sub, ...account }) };
  },
  async loadExistingGrant(ctx) { // whoever runs this provider has agreed to its one client
    const { oidc } = ctx;
    const known = oidc.session.grantIdFor(oidc.client.clientId);
    if (known) return oidc.provider.Grant.find(known);
    const grant = new oidc.provider.Grant({
      accountId: oidc.session.accountId, clientId: oidc.client.clientId,
    });
    grant.addOIDCScope('openid');
    await grant.save();
    return grant;
  },
});

for (const event of [
  'authorization.error', 'backchannel.error', 'end_session.error', 'grant.error', 'jwks.error',
  'pushed_authorization_request.error', 'server_error', 'userinfo.error', 'backchannel.success',
]) {
  provider.on(event, (ctx, error) => {
    const { error: code, error_description: description, message } = error ?? {};
    process.stderr.write(`${JSON.stringify({ event, code, description, message })}\n`);
  });
}

async function fields(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

async function interaction(request, response) {
  const details = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    const { prompt: { name, reasons }, params } = details;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ prompt: name, reasons, params }));
    return;
  }
  const form = await fields(request);
  const result = form.get('answer') === 'no'
    ? { error: 'access_denied', error_description: 'the person said no' }
    : {
      login: {
        accountId: form.get('persona'),
        acr: form.get('acr') ?? undefined,
        amr: ['pwd', 'hwk'],
        remember: true,
      },
    };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

const callback = provider.callback();
server.on('request', (request, response) => {
  if (!request.url.startsWith('/interaction/')) {
    callback(request, response);
    return;
  }
  interaction(request, response).catch((wrong) => {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: wrong.message }));
  });
});
process.stdout.write('ready\n');

await lines.next();
process.exit(0);
