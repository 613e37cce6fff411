-- a copy of a database asks no source system and tells none
UPDATE hospitality_connector
   SET state = 'paused';
