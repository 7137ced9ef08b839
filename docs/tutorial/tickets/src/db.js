const { Pool } = require("pg");

module.exports = new Pool({ host: process.env.DB_HOST, max: 20, connectionTimeoutMillis: 3000 });
