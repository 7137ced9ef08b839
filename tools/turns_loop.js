// The event loop of measure_turns.py in Node: node turns_loop.js BURST_S THREADS; requests on stdin (8 bytes each).
const crypto = require("crypto");
const fs = require("fs");
const [burst, threads] = process.argv.slice(2).map(Number);

function spin(steps) {
  let x = 1;
  for (let i = 0; i < steps; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return x;
}

function schedstat(task) {
  const [on, delay, slices] = fs.readFileSync(`/proc/self/task/${task}/schedstat`, "utf8").split(" ").map(Number);
  return [on / 1e9, delay / 1e9, slices];
}

let speed = 0;
for (let i = 0; i < 300; i++) {
  const start = process.hrtime.bigint();
  spin(100000);
  speed = Math.max(speed, 100000 / Number(process.hrtime.bigint() - start));
}
const steps = Math.round(burst * 1e9 * speed);
for (let i = 0; i < threads; i++) crypto.pbkdf2("password", "salt", 2000000000, 64, "sha512", () => {});

const before = schedstat(process.pid);
const seen = [];
process.stdin.on("data", (data) => {
  for (let i = 0; i + 8 <= data.length; i += 8) {
    const begun = process.hrtime.bigint();
    spin(steps);
    seen.push(Number(data.readBigInt64LE(i)), Number(begun), Number(process.hrtime.bigint()));
  }
});
process.stdin.on("end", () => {
  const loop = schedstat(process.pid).map((value, i) => value - before[i]);
  const report = Buffer.from(JSON.stringify({ loop, threads: [], requests: seen }));
  for (let at = 0; at < report.length; ) at += fs.writeSync(1, report, at);
  process.kill(process.pid, "SIGKILL"); // an exit would wait for the pool's threads, which never end
});
