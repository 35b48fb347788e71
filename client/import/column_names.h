// What columns and files are called in the world: synonyms of user, item, rating and the like.
//
// Names are compared as plain_name() makes them: "User-ID", "user_id" and "userId" are "userid".
#pragma once

#include <string>

namespace tamis::client {

enum class ColumnRole { kNone, kUser, kItem, kType, kRating, kAmount, kTime, kId };

ColumnRole role_of_column(const std::string& plain_name);
// The type of events that a column's or a file's name tells, as "views.csv" and "play_count" do; else "".
std::string type_of_name(const std::string& name);
// "items" or "users" where a file's name tells it, as "movies.dat" and "u.user" do; else "".
std::string kind_of_file(const std::string& name);

enum class FeatureHint { kNone, kText, kList, kCode };
// What a feature's name says of its kind: a title is text, genres are a list, a postcode is no number.
FeatureHint hint_of_feature(const std::string& plain_name);

}  // namespace tamis::client
