"""DynamoDB: corrections of moto's handling of items."""
