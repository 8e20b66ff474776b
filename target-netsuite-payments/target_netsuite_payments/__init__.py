"""Singer target that posts settled payments in NetSuite as vendor payments."""
