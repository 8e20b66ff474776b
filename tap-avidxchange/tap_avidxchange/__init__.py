"""Singer tap for payments and invoices in AvidXchange."""
