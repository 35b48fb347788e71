package tamis_test

import (
	"context"
	"fmt"
	"log"

	tamis "github.com/tamis-db/tamis-go"
)

// The list reflects the purchase just made.
func Example() {
	client, ctx := &tamis.Client{URL: "http://localhost:8080"}, context.Background()
	ack, err := client.AddInteraction(ctx, tamis.Interaction{User: "u1", Item: "85123A", Type: "purchase"})
	if err != nil {
		log.Fatal(err)
	}
	answer, err := client.Recommend(ctx, "u1", tamis.RecommendRequest{K: 5, MinSeq: ack.Sequence})
	if err != nil {
		log.Fatal(err)
	}
	for _, one := range answer.Items {
		fmt.Println(one.Rank, one.Item)
	}
}
