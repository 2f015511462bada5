SELECT pid FROM entry JOIN patient USING (pid) WHERE birthday(birth_date, 75) > index_date -- a birthday to come
