-- An operator's feeds are named after the operator, no longer after the library that read them.
-- NYISO and IESO were read in two ways: what came the second way stays under its old name where
-- the first way has a feed too.
UPDATE feeds SET source = lower(subject)
    WHERE owner = '' AND source = 'gridstatus'
    AND subject IN ('CAISO', 'ERCOT', 'ISONE', 'MISO', 'NYISO', 'SPP', 'IESO');

UPDATE feeds SET source = CASE subject WHEN 'NBP' THEN 'nbpower' ELSE lower(subject) END
    WHERE owner = '' AND source = 'pyiso'
    AND subject IN ('BPA', 'AESO', 'NBP', 'NYISO', 'IESO')
    AND NOT EXISTS (
        SELECT 1 FROM feeds AS first
        WHERE first.owner = '' AND first.source = lower(feeds.subject)
        AND first.subject = feeds.subject AND first.quantity = feeds.quantity
    );
