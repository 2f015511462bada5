SELECT pid FROM entry JOIN patient USING (pid) WHERE birthday(birth_date, 18) <= index_date AND birthday(birth_date, 85) > index_date
