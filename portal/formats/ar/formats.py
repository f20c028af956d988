"""Numbers in Arabic as CLDR writes them with Western digits, which versions, digests and code have anyway."""

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
