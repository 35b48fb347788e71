"""Example application: a gift shop's purchases (data/online_retail.csv.xz) from pandas to a list that follows the customer."""
import pathlib
import warnings

import pandas as pd

import tamis

data = pathlib.Path(__file__).parents[3] / "data" / "online_retail.csv.xz"
sales = pd.read_csv(data, dtype={"InvoiceNo": str, "StockCode": str}, nrows=120_000, parse_dates=["InvoiceDate"])
sales = sales[(sales.Quantity > 0) & sales.CustomerID.notna()]
items = sales.groupby("StockCode").agg(name=("Description", "first"), price=("UnitPrice", "median"),
                                       listed_at=("InvoiceDate", "min")).reset_index()

with tamis.local() as shop:
    shop.put_items(items, columns={"id": "StockCode"})
    ack = shop.add_interactions(sales, type="purchase", import_id="invoices", progress=True, columns={
        "user": "CustomerID", "item": "StockCode", "value": "Quantity", "timestamp": "InvoiceDate"})
    print(f"{ack.accepted} purchases")
    print("trained:", shop.wait(shop.train(["popular", "item_knn"])).state)

    warnings.simplefilter("ignore", tamis.TamisWarning)  # the default funnel names models that are not trained here
    customer = str(int(sales.CustomerID.iloc[0]))
    before = shop.recommend(customer, k=5, features=True, explain=True)
    for one in before.items:
        print(f"  recommended: {one.rank}. {(one.features or {}).get('name')}")
    ack = shop.add_interaction(customer, before.items[0].item, "purchase", recommendation_id=before.recommendation_id)
    after = shop.recommend(customer, k=5, features=True, min_seq=ack)
    print("after a purchase:", ", ".join(str((one.features or {}).get("name")) for one in after.items))
