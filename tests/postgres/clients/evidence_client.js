// What the PostgreSQL connector of Evidence hands over: the options of a connection.yaml as JSON, then a query.
const { getRunner, testConnection } = require("@evidence-dev/postgres");

async function main([options, query]) {
  const given = JSON.parse(options);
  const connected = await testConnection(given);
  const run = await getRunner(given);
  const { columnTypes, expectedRowCount, rows } = await run(query, "hours.sql", 2);
  const found = [];
  for await (const batch of rows()) found.push(...batch);
  const types = Object.fromEntries(columnTypes.map((column) => [column.name, column.evidenceType]));
  console.log(JSON.stringify({ connected, types, expectedRowCount, found }));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
