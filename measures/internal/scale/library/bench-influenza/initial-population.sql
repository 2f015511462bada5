SELECT pid, period FROM seen WHERE age >= 18
