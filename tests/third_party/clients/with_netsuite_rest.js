// What someone else does with the client `netsuite-rest`: run by Node.js, it prints what it did.
const NetsuiteRest = require('netsuite-rest');

const { env } = process;
const client = (tokenSecret) =>
  new NetsuiteRest({
    consumer_key: env.NETSUITE_CONSUMER_KEY,
    consumer_secret_key: env.NETSUITE_CONSUMER_SECRET,
    token: env.NETSUITE_TOKEN_ID,
    token_secret: tokenSecret,
    realm: env.NETSUITE_ACCOUNT,
    base_url: env.NETSUITE_BASE_URL,
  });
const netsuite = client(env.NETSUITE_TOKEN_SECRET);

const ACCOUNTS = { q: 'SELECT id, acctnumber FROM account ORDER BY id ASC' };
const PAYMENT = 'record/v1/vendorPayment';
const JSON_BODY = { 'Content-Type': 'application/json' };

const write = (method, path, body) =>
  netsuite.request({ path, method, body: body && JSON.stringify(body), heads: body ? JSON_BODY : {} });

async function refusal(call) {
  try {
    await call;
  } catch (error) {
    return JSON.parse(error.response.body);
  }
  return {};
}

async function main() {
  const hello = await netsuite.request({ path: '*', method: 'OPTIONS' });
  const accounts = [];
  let page;
  do {
    const path = `query/v1/suiteql?limit=50&offset=${accounts.length}`;
    page = (await netsuite.request({ path, method: 'POST', body: JSON.stringify(ACCOUNTS) })).data;
    accounts.push(...page.items);
  } while (page.hasMore);

  const [kept, removed] = JSON.parse(env.PAYMENTS);
  const made = [];
  for (const body of [kept, removed]) made.push(await write('POST', PAYMENT, body));
  // It keeps no headers of an answer, and so no Location.
  const [first, second] = [kept, removed].map((body) => `${PAYMENT}/eid:${body.externalId}`);
  const changed = await write('PATCH', first, { memo: 'Changed by netsuite-rest' });
  const deleted = await write('DELETE', second);

  const read = async (path) => (await netsuite.request({ path })).data;
  const did = {
    hello: hello.statusCode,
    accounts,
    statuses: [...made, changed, deleted].map((answer) => answer.statusCode),
    payment: await read(`${first}?expandSubResources=true`),
    departments: await read('record/v1/department/'),
    filtered: await read(`record/v1/vendor/?q=${encodeURIComponent('id LESS 20')}&limit=5&offset=5`),
    catalog: await read('record/v1/metadata-catalog/'),
    refusals: {
      gone: await refusal(netsuite.request({ path: second })),
      query: await refusal(
        netsuite.request({ path: 'query/v1/suiteql', method: 'POST', body: '{"q": "SELECT id FROM vendor LIMIT 5"}' }),
      ),
      signature: await refusal(client('0'.repeat(64)).request({ path: 'record/v1/vendor' })),
    },
  };
  process.stdout.write(JSON.stringify(did));
}

main();
