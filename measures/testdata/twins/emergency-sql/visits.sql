SELECT pid, start_day AS index_date FROM finished_encounter WHERE class = 'EMER'
