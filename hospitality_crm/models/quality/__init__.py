from . import hospitality_data_quality
