"""What is compared is rounded first, so that a last bit decides nothing."""

DECIMALS = 6
