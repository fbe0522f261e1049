from pyspark import pipelines as dp

REGIONS = ["eu", "us"]


def define(region):
    @dp.table(name=f"orders_{region}")
    def _orders():
        return spark.readStream.table(f"main.raw.orders_{region}")


for region in REGIONS:
    define(region)

dp.create_streaming_table("all_orders")


@dp.append_flow(target="all_orders")
def from_eu():
    return spark.readStream.table("orders_eu")


@dp.materialized_view
def per_day():
    return spark.read.table("all_orders").groupBy("day").count()
