package dev.tamis;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as maps, lists, texts, numbers (Long or Double), booleans and null. */
final class Json {
  private static final int DEEPEST = 500;
  private final String text;
  private int at = 0;
  private int depth = 0;

  private Json(String text) {
    this.text = text;
  }

  /** IllegalArgumentException where the text is no JSON. */
  static Object parse(String text) {
    Json reader = new Json(text);
    Object value = reader.value();
    reader.space();
    if (reader.at != text.length()) throw reader.wrong("more than one value");
    return value;
  }

  /** Instants are written in RFC 3339, float and double arrays as lists. IllegalArgumentException for what JSON has no form of. */
  static String write(Object value) {
    StringBuilder out = new StringBuilder();
    write(value, out);
    return out.toString();
  }

  private static void write(Object value, StringBuilder out) {
    if (value == null || value instanceof Boolean) {
      out.append(value);
    } else if (value instanceof Number number) {
      if (!Double.isFinite(number.doubleValue())) throw new IllegalArgumentException(number + " is no number of JSON");
      out.append(number);
    } else if (value instanceof CharSequence || value instanceof Instant || value instanceof Enum) {
      quote(value.toString(), out);
    } else if (value instanceof Map<?, ?> map) {
      char separator = '{';
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        out.append(separator);
        quote(entry.getKey().toString(), out);
        write(entry.getValue(), out.append(':'));
        separator = ',';
      }
      out.append(separator == '{' ? "{}" : "}");
    } else if (value instanceof Iterable<?> list) {
      char separator = '[';
      for (Object one : list) {
        write(one, out.append(separator));
        separator = ',';
      }
      out.append(separator == '[' ? "[]" : "]");
    } else if (value instanceof float[] floats) {
      List<Object> list = new ArrayList<>(floats.length);
      for (float one : floats) list.add(one);
      write(list, out);
    } else if (value instanceof double[] doubles) {
      List<Object> list = new ArrayList<>(doubles.length);
      for (double one : doubles) list.add(one);
      write(list, out);
    } else {
      throw new IllegalArgumentException(value.getClass() + " cannot be written as JSON");
    }
  }

  private static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < ' ') out.append(String.format("\\u%04x", (int) c));
          else out.append(c);
        }
      }
    }
    out.append('"');
  }

  private IllegalArgumentException wrong(String what) {
    return new IllegalArgumentException("no JSON at character " + at + ": " + what);
  }

  private void space() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
  }

  private boolean takes(char c) {
    space();
    if (at >= text.length() || text.charAt(at) != c) return false;
    at++;
    return true;
  }

  private void expect(char c) {
    if (!takes(c)) throw wrong("'" + c + "' is missing");
  }

  private Object value() {
    space();
    if (at >= text.length()) throw wrong("it ends");
    if (++depth > DEEPEST) throw wrong("nested deeper than " + DEEPEST);
    try {
      return switch (text.charAt(at)) {
        case '{' -> object();
        case '[' -> array();
        case '"' -> string();
        case 't' -> word("true", true);
        case 'f' -> word("false", false);
        case 'n' -> word("null", null);
        default -> number();
      };
    } finally {
      depth--;
    }
  }

  private Object word(String word, Object meaning) {
    if (!text.startsWith(word, at)) throw wrong("an unknown word");
    at += word.length();
    return meaning;
  }

  private Map<String, Object> object() {
    Map<String, Object> made = new LinkedHashMap<>();
    expect('{');
    if (takes('}')) return made;
    do {
      space();
      String name = string();
      expect(':');
      made.put(name, value());
    } while (takes(','));
    expect('}');
    return made;
  }

  private List<Object> array() {
    List<Object> made = new ArrayList<>();
    expect('[');
    if (takes(']')) return made;
    do {
      made.add(value());
    } while (takes(','));
    expect(']');
    return made;
  }

  private String string() {
    expect('"');
    StringBuilder made = new StringBuilder();
    while (true) {
      if (at >= text.length()) throw wrong("a text does not end");
      char c = text.charAt(at++);
      if (c == '"') return made.toString();
      if (c != '\\') {
        made.append(c);
        continue;
      }
      if (at >= text.length()) throw wrong("a text does not end");
      char escaped = text.charAt(at++);
      switch (escaped) {
        case 'n' -> made.append('\n');
        case 't' -> made.append('\t');
        case 'r' -> made.append('\r');
        case 'b' -> made.append('\b');
        case 'f' -> made.append('\f');
        case 'u' -> {
          if (at + 4 > text.length()) throw wrong("a text does not end");
          made.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
          at += 4;
        }
        default -> made.append(escaped);
      }
    }
  }

  private Object number() {
    int begin = at;
    while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) at++;
    String digits = text.substring(begin, at);
    try {
      if (digits.chars().allMatch(c -> c == '-' || Character.isDigit(c))) return new BigDecimal(digits).longValueExact();
      return Double.parseDouble(digits);
    } catch (ArithmeticException tooLong) {
      return Double.parseDouble(digits);
    } catch (NumberFormatException failure) {
      throw wrong("'" + digits + "' is no number");
    }
  }
}
