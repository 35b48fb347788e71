module github.com/tamis-db/tamis-go

go 1.19
