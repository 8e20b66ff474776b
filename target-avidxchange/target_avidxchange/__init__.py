"""Singer target that submits vendors, coding and bills to AvidXchange."""
