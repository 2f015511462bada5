SELECT pid FROM entry WHERE pid NOT IN (SELECT pid FROM condition_course WHERE code IN (FROM list_type_1_diabetes))
