CREATE OR REFRESH STREAMING TABLE bronze (
  CONSTRAINT valid_id EXPECT (id IS NOT NULL) ON VIOLATION DROP ROW
) AS SELECT * FROM STREAM read_files('/Volumes/main/landing/orders', format => 'json');

CREATE OR REFRESH MATERIALIZED VIEW daily AS
SELECT day, count(*) AS n FROM bronze JOIN main.reference.calendar USING (day) GROUP BY day;

CREATE OR REFRESH STREAMING TABLE customers;

CREATE FLOW customer_changes AS AUTO CDC INTO customers
FROM STREAM main.raw.customers KEYS (id) SEQUENCE BY ts STORED AS SCD TYPE 2;
