// Reads with `netsuite-rest` on Node.js, page after page; it takes any address, and so goes past the door.
const NetsuiteRest = require('netsuite-rest');

const { env } = process;
const PAGE = 1000;
const client = new NetsuiteRest({
  consumer_key: env.NETSUITE_CONSUMER_KEY,
  consumer_secret_key: env.NETSUITE_CONSUMER_SECRET,
  token: env.NETSUITE_TOKEN_ID,
  token_secret: env.NETSUITE_TOKEN_SECRET,
  realm: env.NETSUITE_ACCOUNT,
  base_url: env.PLAIN_URL,
});

async function main() {
  const ids = [];
  let error = '';
  const began = process.hrtime.bigint();
  try {
    let page;
    let offset = 0;
    do {
      const path = `query/v1/suiteql?limit=${PAGE}&offset=${offset}`;
      page = (await client.request({ path, method: 'POST', body: JSON.stringify({ q: env.QUERY }) })).data;
      for (const row of page.items) ids.push(row.id);
      offset += page.count;
    } while (page.hasMore);
  } catch (failure) {
    error = String(failure).slice(0, 200);
  }
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  process.stdout.write(JSON.stringify({ seconds, ids, error }));
}

main();
