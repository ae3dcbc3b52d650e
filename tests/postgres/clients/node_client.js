// What `pg` of node reads: each argument after the URL is a query, whose columns and rows are a line of JSON.
const { Client } = require("pg");

async function main([url, ...queries]) {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const text of queries) {
    const simple = await client.query({ text, rowMode: "array" });
    const prepared = await client.query({ name: "q" + queries.indexOf(text), text, rowMode: "array" });
    const columns = simple.fields.map((field) => [field.name, field.dataTypeID, field.dataTypeModifier, field.format]);
    console.log(JSON.stringify([columns, simple.rows, simple.command, simple.rowCount]));
    console.log(JSON.stringify([columns, prepared.rows, prepared.command, prepared.rowCount]));
  }
  const values = [7, 1.5, "O'Brien \u{1F680}", true, null, new Date(Date.UTC(2026, 2, 1, 12)), [1, 2], { a: [1] }];
  const kinds = ["int8", "float8", "text", "bool", "date", "timestamptz", "int8[]", "json"];
  const given = kinds.map((kind, n) => `$${n + 1}::${kind} AS v${n}`).join(", ");
  console.log(JSON.stringify((await client.query(`SELECT ${given}`, values)).rows));
  const some = "SELECT count(*) AS n FROM harvest.time_entries WHERE project_id > $1 AND hours < $2 AND spent_date >= $3";
  console.log(JSON.stringify((await client.query(some, [5, "7.5", "2026-03-01"])).rows));
  try {
    await client.query("SELECT nothing FROM harvest.clients");
  } catch (error) {
    console.log(JSON.stringify([error.code, error.severity, error.position]));
  }
  await client.end();
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
