SELECT entry.pid FROM entry JOIN patient USING (pid) WHERE gender IN ('female', 'male')
