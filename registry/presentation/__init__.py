"""What pages and programs both show: stored codes as texts, and rows; it knows neither pages nor the API."""
