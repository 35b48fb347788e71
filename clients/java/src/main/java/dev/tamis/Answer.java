package dev.tamis;

import java.util.List;
import java.util.Map;

/** A JSON object of the server. Members that are absent or null are "", 0, false or empty. docs/http_api.md names them. */
public record Answer(Map<String, Object> members) {
  @SuppressWarnings("unchecked")
  static Answer of(Object value) {
    return new Answer(value instanceof Map ? (Map<String, Object>) value : Map.of());
  }

  public boolean has(String name) {
    return members.get(name) != null;
  }

  public String text(String name) {
    return has(name) ? members.get(name).toString() : "";
  }

  public double number(String name) {
    return members.get(name) instanceof Number number ? number.doubleValue() : 0;
  }

  public long integer(String name) {
    return members.get(name) instanceof Number number ? number.longValue() : 0;
  }

  public boolean isTrue(String name) {
    return Boolean.TRUE.equals(members.get(name));
  }

  /** An object within; an empty one where there is none. */
  public Answer answer(String name) {
    return of(members.get(name));
  }

  /** A list of objects. */
  public List<Answer> list(String name) {
    return values(name).stream().map(Answer::of).toList();
  }

  /** A list of anything. */
  @SuppressWarnings("unchecked")
  public List<Object> values(String name) {
    return members.get(name) instanceof List ? (List<Object>) members.get(name) : List.of();
  }

  @Override
  public String toString() {
    return Json.write(members);
  }
}
