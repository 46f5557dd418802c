// A real OpenID provider, for tests: whoever logs in with a name is the person of that name.
//
// provider.mjs MODULES ISSUER REDIRECT SECONDS: prints its port. MODULES is where npm has put what it
// needs, ISSUER where its callers reach it, REDIRECT where our service wants browsers back, SECONDS how
// long an ID token holds.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

// Whoever started us reads one line; what the provider remarks goes elsewhere.
console.info = console.error;
const [modules, issuer, redirect, seconds] = process.argv.slice(2);
const { default: Provider } = await import(`${modules}/oidc-provider/lib/index.js`);

const client = (name) => ({
  client_id: name,
  client_secret: `the secret of ${name}`,
  redirect_uris: [redirect],
  post_logout_redirect_uris: [new URL('/', redirect).href],
});

// Keys of its own, new with each start.
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...privateKey.export({ format: 'jwk' }), use: 'sig' };

const provider = new Provider(issuer, {
  clients: [client('parvaneh'), client('somebody-else')],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  jwks: { keys: [key] },
  cookies: { keys: ['of a provider for tests'] },
  pkce: { required: () => true },
  ttl: { IdToken: Number(seconds) },
  async findAccount(_, name) {
    const claims = {
      sub: `subject of ${name}`,
      email: `${name}@office.example`,
      email_verified: !name.startsWith('unverified'),
    };
    return { accountId: name, claims: async () => claims };
  },
});

const server = createServer(provider.callback());
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
// It ends with whoever started it.
process.stdin.resume().on('end', () => process.exit());
