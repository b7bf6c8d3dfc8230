// npm's oidc-provider, a certified implementation, as the provider that the sign-in tests run against.
// PROVIDER (JSON): port, client (RFC 7591 metadata), audience (of the API), people (by their subject).
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Provider } from 'oidc-provider';

const { port, client, audience, people } = JSON.parse(process.env.PROVIDER);
const SCOPES = 'openid email profile';

const key = (type, options, extra) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  use: 'sig',
  ...extra,
});

const provider = new Provider(`http://localhost:${port}`, {
  clients: [client],
  cookies: { keys: [randomBytes(32).toString('hex')] },
  jwks: {
    keys: [
      key('rsa', { modulusLength: 2048 }, { alg: 'RS256', kid: 'rsa' }),
      key('ec', { namedCurve: 'P-256' }, { alg: 'ES256', kid: 'ec' }),
    ],
  },
  pkce: { required: () => true },
  scopes: SCOPES.split(' '),
  claims: { openid: ['sub', 'org_code'], email: ['email', 'email_verified'], profile: ['name'] },
  findAccount: (ctx, sub) =>
    people[sub] && { accountId: sub, claims: () => ({ sub, ...people[sub] }) },
  // Its own would not speak to loopback, where these tests take its logout tokens.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: SCOPES,
        audience,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});

// Where a person would sign in and consent; here the form field `sub` says who they are.
provider.use(async (ctx, next) => {
  if (ctx.method !== 'POST' || !ctx.path.startsWith('/interaction/')) return next();
  const chunks = [];
  for await (const chunk of ctx.req) chunks.push(chunk);
  const accountId = new URLSearchParams(Buffer.concat(chunks).toString()).get('sub');
  const { params } = await provider.interactionDetails(ctx.req, ctx.res);
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(SCOPES);
  if (params.resource) grant.addResourceScope(params.resource, SCOPES);
  await provider.interactionFinished(ctx.req, ctx.res, {
    login: { accountId },
    consent: { grantId: await grant.save() },
  });
  ctx.respond = false;
});

provider.listen(port, '127.0.0.1', () => console.log('READY'));
