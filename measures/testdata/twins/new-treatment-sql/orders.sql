SELECT pid, day AS index_date FROM ordered WHERE code IN (FROM list_diabetes_drug)
