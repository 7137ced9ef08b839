const { Pool } = require("pg");
module.exports = new Pool({ max: Number(process.env.DB_POOL_MAX || 9), idleTimeoutMillis: 20 * 1000, maxUses: 7500 });
