// Plays one case on a node-postgres pool before a living PostgreSQL: {port, options, ops, until} on standard input,
// {results, clients, snapshots} on standard output; times in milliseconds from the first op's zero.
const fs = require('fs');
const { Client } = require('pg');
const Pool = require('pg-pool');

const given = JSON.parse(fs.readFileSync(0, 'utf8'));
let made = 0;
class Counted extends Client {
  constructor(options) {
    super(options);
    this.label = `c${++made}`;
  }
}
const server = { host: '127.0.0.1', port: given.port, user: 'a', database: 'shop' };
const pool = new Pool({ ...server, ...given.options }, Counted);
pool.on('error', () => {});
const results = {}, snapshots = [], held = {};
let begin;
const now = () => performance.now() - begin;

const release = (op) => {
  if (!held[op.id]) return;
  held[op.id].release(op.release_error ? new Error('told') : undefined);
  delete held[op.id];
};
const plays = {
  acquire: (op) => pool.connect().then((client) => {
    held[op.id] = client;
    results[op.id] = { outcome: 'client', t: now(), client: client.label };
    if (op.hold_ms !== undefined) setTimeout(() => release(op), op.hold_ms);
  }, (error) => { results[op.id] = { outcome: 'error', t: now(), error: error.message }; }),
  query: (op) => pool.query(op.error ? 'no such statement' : `select pg_sleep(${op.ms / 1000})`).then(
    () => { results[op.id] = { outcome: 'ok', t: now() }; },
    () => { results[op.id] = { outcome: 'error', t: now(), error: op.error }; }),
  release: (op) => release(op),
  snap: (op) => snapshots.push({ t: op.t, total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  end: (op) => pool.end().then(
    () => { results[op.id] = { outcome: 'ended', t: now() }; },
    (error) => { results[op.id] = { outcome: 'error', t: now(), error: error.message }; }),
};

begin = performance.now() + 50;
for (const op of given.ops) setTimeout(() => plays[op.op](op), op.t + 50);
setTimeout(() => {
  process.stdout.write(JSON.stringify({ results, snapshots, made }));
  process.exit(0);
}, given.until + 50);
