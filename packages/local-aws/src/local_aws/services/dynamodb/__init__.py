"""DynamoDB: what moto tells wrongly of items."""
