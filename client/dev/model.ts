/**
 * What the scripted model says on the development page: one script for each state that the page shows. A word in the
 * message chooses it: busiest, look, save, slow, drop, fail, broken, big, retry, markdown. Tools, results and questions
 * are the host's own.
 */
import type { Script, Step } from "../e2e/support/model";

const sql = (statement: string): Step => ({ call: "mcp__databricks__execute_sql", input: { statement } });

const busiest = `SELECT hour(tpep_pickup_datetime) AS pickup_hour,
       count(*) AS trips,
       round(avg(fare_amount), 2) AS average_fare
FROM samples.nyctaxi.trips
GROUP BY 1
ORDER BY trips DESC`;

const tour = `# Findings

Some **bold**, *italic*, ~~gone~~, \`inline code\`, a [link](https://docs.databricks.com/aws/en/sql/) and <b>raw html</b> 🧱.

## Steps

1. First do this
2. Then that
   - nested point
   - another

> A quote that warns you about something.

\`\`\`sql
-- top ten
SELECT pickup_zip, count(*) AS trips
FROM samples.nyctaxi.trips
WHERE fare_amount > 10.5 AND pickup_zip IS NOT NULL
GROUP BY pickup_zip -- by zip
ORDER BY trips DESC
LIMIT 10;
\`\`\`

- [x] done
- [ ] open

| a | b | c |
|---|:-:|--:|
| left | middle | 1,200 |

---

The end.`;

/** By the word that the message has: the model's answers, one for each time that tools have ended. */
const scripts: Record<string, readonly (readonly Step[])[]> = {
  busiest: [
    [
      { think: "The user wants pickup counts per hour and the mean fare.\n\nI should group `samples.nyctaxi.trips` by the hour of `tpep_pickup_datetime`." },
      { say: "I'll group the trips by pickup hour." },
      sql(busiest),
    ],
    [{ say: "The busiest hours are in the early evening; the average fare stays near twelve dollars all day." }],
  ],
  look: [
    [{ call: "mcp__databricks__get_table_stats_and_schema", input: { catalog: "samples", schema: "nyctaxi", table_stat_level: "none" } }],
    [{ say: "`samples.nyctaxi` holds the trips of a few weeks." }],
  ],
  save: [[{ call: "Write", input: { file_path: "report.md", content: "# Pickups\n\nEarly evening is busiest.\n" } }], [{ say: "Saved it as `report.md`." }]],
  slow: [[sql("SELECT count(*) FROM range(200000) AS a CROSS JOIN range(40000) AS b WHERE a.id % 7 = b.id % 11")], [{ say: "That took a while." }]],
  drop: [
    [{ say: "I am going to drop the table." }, sql("DROP TABLE main.default.orders_2023"), sql("INSERT INTO main.default.log VALUES ('dropped')")],
    [{ say: "That is settled." }],
  ],
  fail: [
    [sql("SELECT * FROM samples.nyctaxi.tripz"), { call: "mcp__databricks__list_warehouses", input: {} }],
    [{ say: "There is no table `tripz`. Did you mean `samples.nyctaxi.trips`?" }],
  ],
  big: [[sql("SELECT * FROM samples.nyctaxi.trips LIMIT 5000")], [{ say: "Here are the first of many rows." }]],
  markdown: [[{ think: "A tour of Markdown.\n\n- everything\n- at once" }, { say: tour }]],
};

const other: readonly Step[] = [{ say: `I am a scripted model. A word chooses what I do: ${Object.keys(scripts).join(", ")}, broken, retry.` }];

/** Attempts so far of messages that are to fail first. */
let refused = 0;

export const demo: Script = (message, results) => {
  const text = message.toLowerCase();
  if (text.includes("broken")) return { status: 400, error: "this model is broken" };
  if (text.includes("retry")) {
    refused += 1;
    return refused % 2 === 1 ? { status: 529, error: "overloaded" } : [{ say: "Here I am again." }];
  }
  const word = Object.keys(scripts).find((each) => text.includes(each));
  const steps = scripts[word ?? ""] ?? [other];
  // Calls of one message end one after the other, and are answered together.
  return steps[results === 0 ? 0 : steps.length - 1] ?? other;
};
