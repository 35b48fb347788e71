#include "client/import/column_names.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace tamis::client {
namespace {

using Names = std::vector<std::string_view>;

bool is_one_of(std::string_view name, const Names& names) { return std::ranges::find(names, name) != names.end(); }

// "game_purchase.dat" -> game, purchase, dat; "addToCart" -> add, to, cart.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  bool is_inside = false;
  bool was_lower = false;
  for (const char c : name) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_letter = is_upper || (c >= 'a' && c <= 'z');
    if (!is_letter) {
      is_inside = false;
      continue;
    }
    if (!is_inside || (is_upper && was_lower)) words.emplace_back();
    words.back() += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
    is_inside = true;
    was_lower = !is_upper;
  }
  return words;
}

}  // namespace

ColumnRole role_of_column(const std::string& name) {
  static const std::vector<std::pair<ColumnRole, Names>> kRoles = {
      {ColumnRole::kId, {"id"}},
      {ColumnRole::kUser,
       {"user",       "userid",  "uid",       "userkey",  "username", "usersha1",  "visitor",  "visitorid",  "customer",
        "customerid", "custid",  "client",    "clientid", "member",   "memberid",  "reviewer", "reviewerid", "account",
        "accountid",  "session", "sessionid", "viewer",   "viewerid", "profileid", "personid", "msno"}},
      {ColumnRole::kItem,
       {"item",      "itemid",   "iid",        "movie",    "movieid",    "product",   "productid",    "sku",
        "stockcode", "asin",     "parentasin", "game",     "gameid",     "appid",     "isbn",         "book",
        "bookid",    "track",    "trackid",    "song",     "songid",     "artist",    "artistid",     "anime",
        "animeid",   "article",  "articleid",  "video",    "videoid",    "content",   "contentid",    "news",
        "newsid",    "recipe",   "recipeid",   "business", "businessid", "gmapid",    "restaurantid", "beerid",
        "jokeid",    "courseid", "postid",     "adid",     "offerid",    "listingid", "hotelid",      "jobid"}},
      {ColumnRole::kType,
       {"type", "event", "eventtype", "eventname", "feedbacktype", "action", "actiontype", "behavior", "behaviour",
        "behaviortype", "interaction", "interactiontype"}},
      {ColumnRole::kRating,
       {"rating", "score", "stars", "star", "starrating", "bookrating", "movierating", "userrating", "overall", "rate",
        "ratingvalue"}},
      {ColumnRole::kAmount,
       {"value",    "quantity",  "qty",         "count", "freq",        "frequency", "weight",   "strength",
        "plays",    "playcount", "listencount", "hours", "hoursplayed", "playtime",  "duration", "watchtime",
        "purchase", "purchases", "amount",      "total", "clicks",      "views"}},
      {ColumnRole::kTime,
       {"timestamp",   "timestampms",     "time",           "ts",         "datetime",       "date",
        "createdat",   "eventtime",       "eventtimestamp", "unixtime",   "unixreviewtime", "ratedat",
        "invoicedate", "orderdate",       "purchasedate",   "reviewdate", "datadate",       "purchasedat",
        "purchasedon", "purchasetime",    "orderedat",      "orderedon",  "ordertime",      "boughtat",
        "boughton",    "soldat",          "paidat",         "viewedat",   "viewtime",       "clickedat",
        "clicktime",   "visitedat",       "playedat",       "listenedat", "watchedat",      "addedat",
        "likedat",     "occurredat",      "happenedat",     "eventat",    "eventdate",      "saledate",
        "saletime",    "transactiondate", "transactiontime"}},
  };
  for (const auto& [role, names] : kRoles) {
    if (is_one_of(name, names)) return role;
  }
  return ColumnRole::kNone;
}

std::string type_of_name(const std::string& name) {
  static const std::vector<std::pair<std::string_view, Names>> kTypes = {
      {"add_to_cart", {"cart", "carts", "basket", "baskets", "addtocart"}},
      {"purchase",
       {"purchase", "purchases", "buy", "buys", "bought", "order", "orders", "sale", "sales", "transaction",
        "transactions", "invoice", "invoices", "quantity", "qty"}},
      {"rating", {"rating", "ratings", "rate", "rates", "stars"}},
      {"click", {"click", "clicks"}},
      {"play", {"play", "plays", "playcount", "played", "hours", "playtime"}},
      {"listen", {"listen", "listens", "listencount", "scrobbles"}},
      {"watch", {"watch", "watches", "watched", "watchtime"}},
      {"like", {"like", "likes"}},
      {"favorite", {"favorite", "favorites", "favourite", "favourites"}},
      {"wishlist", {"wishlist", "wishlists"}},
      {"bookmark", {"bookmark", "bookmarks"}},
      {"view", {"view", "views", "visit", "visits", "pageviews"}},
  };
  const std::vector<std::string> words = words_of(name);
  for (const auto& [type, names] : kTypes) {
    if (std::ranges::any_of(words, [&](const std::string& word) { return is_one_of(word, names); })) {
      return std::string(type);
    }
  }
  return "";
}

std::string kind_of_file(const std::string& name) {
  static const Names kItems = {"item",   "items",   "movie",   "movies",   "product", "products", "book",
                               "books",  "game",    "games",   "song",     "songs",   "track",    "tracks",
                               "artist", "artists", "article", "articles", "catalog"};
  static const Names kUsers = {"user", "users", "customer", "customers", "member", "members"};
  for (const std::string& word : words_of(name)) {
    if (is_one_of(word, kItems)) return "items";
    if (is_one_of(word, kUsers)) return "users";
  }
  return "";
}

FeatureHint hint_of_feature(const std::string& name) {
  static const Names kTexts = {"title",       "name",     "description", "text",     "overview",
                               "summary",     "comment",  "plot",        "synopsis", "booktitle",
                               "productname", "gamename", "movietitle",  "body",     "abstract"};
  static const Names kLists = {"genre", "genres", "tags", "categories", "labels", "keywords", "topics"};
  static const Names kCodes = {"id", "code", "zip", "phone", "isbn", "sku"};
  if (is_one_of(name, kTexts)) return FeatureHint::kText;
  if (is_one_of(name, kLists)) return FeatureHint::kList;
  const bool is_code = std::ranges::any_of(kCodes, [&](std::string_view ending) { return name.ends_with(ending); });
  return is_code ? FeatureHint::kCode : FeatureHint::kNone;
}

}  // namespace tamis::client
