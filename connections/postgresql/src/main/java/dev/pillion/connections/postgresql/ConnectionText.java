// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads PostgreSQL's own two forms of connection text, {@code host=db user=me} and
 * {@code postgres://me@db/orders}, as pgx does, whose words Dapr's files hold. Complaints never
 * quote the text: it holds the password.
 */
final class ConnectionText {
  private final String text;
  private final Map<String, String> words = new LinkedHashMap<>();
  private int at;

  private ConnectionText(String text) {
    this.text = text;
  }

  /**
   * The words of a connection text, {@code dbname} under the name {@code database}; modifiable.
   *
   * @throws IllegalArgumentException when it is neither form, with a reason that may be shown
   */
  static Map<String, String> parse(String text) {
    var reader = new ConnectionText(text);
    int scheme = schemeLength(text);
    if (scheme > 0) {
      reader.readUrl(scheme);
    } else {
      reader.readPairs();
    }
    return reader.words;
  }

  private static int schemeLength(String text) {
    for (String scheme : List.of("postgres://", "postgresql://")) {
      if (text.startsWith(scheme)) {
        return scheme.length();
      }
    }
    return 0;
  }

  private void put(String key, String value) {
    if (key.equals("user") && value.isEmpty()) {
      return;
    }
    words.put(key.equals("dbname") ? "database" : key, value);
  }

  private void readPairs() {
    skipSpace();
    while (at < text.length()) {
      int equals = text.indexOf('=', at);
      if (equals < 0) {
        throw new IllegalArgumentException("is neither a postgres:// URL nor pairs of key=value");
      }
      var key = text.substring(at, equals).strip();
      if (key.isEmpty() || key.chars().anyMatch(Character::isWhitespace)) {
        throw new IllegalArgumentException("has a pair without a key, or a key without a value");
      }
      at = equals + 1;
      skipSpace();
      put(key, at < text.length() && text.charAt(at) == '\'' ? quoted() : plain());
      skipSpace();
    }
  }

  private String plain() {
    var value = new StringBuilder();
    while (at < text.length() && !Character.isWhitespace(text.charAt(at))) {
      appendUnescaped(value);
    }
    return value.toString();
  }

  private String quoted() {
    var value = new StringBuilder();
    at++;
    while (at < text.length() && text.charAt(at) != '\'') {
      appendUnescaped(value);
    }
    if (at == text.length()) {
      throw new IllegalArgumentException("has a quotation mark that is not closed");
    }
    at++;
    return value.toString();
  }

  /** A backslash escapes itself and the quotation mark, nothing else. */
  private void appendUnescaped(StringBuilder value) {
    char c = text.charAt(at++);
    if (c != '\\') {
      value.append(c);
    } else if (at == text.length()) {
      throw new IllegalArgumentException("ends in a backslash");
    } else {
      char escaped = text.charAt(at++);
      value.append(escaped == '\\' || escaped == '\'' ? "" : "\\").append(escaped);
    }
  }

  private void skipSpace() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
  }

  private void readUrl(int schemeLength) {
    int fragment = text.indexOf('#');
    var url = text.substring(schemeLength, fragment < 0 ? text.length() : fragment);
    int question = url.indexOf('?');
    var query = question < 0 ? "" : url.substring(question + 1);
    var path = question < 0 ? url : url.substring(0, question);
    int slash = path.indexOf('/');
    var authority = slash < 0 ? path : path.substring(0, slash);
    int user = authority.lastIndexOf('@');
    if (user >= 0) {
      readUser(authority.substring(0, user));
    }
    readHosts(authority.substring(user + 1));
    var database = slash < 0 ? "" : path.substring(slash).replaceFirst("^/+", "");
    if (!database.isEmpty()) {
      put("database", decoded(database));
    }
    for (String option : query.split("&")) {
      int equals = option.indexOf('=');
      if (!option.isEmpty()) {
        var key = equals < 0 ? option : option.substring(0, equals);
        var value = equals < 0 ? "" : option.substring(equals + 1);
        put(decoded(key.replace('+', ' ')), decoded(value.replace('+', ' ')));
      }
    }
  }

  private void readUser(String info) {
    int colon = info.indexOf(':');
    put("user", decoded(colon < 0 ? info : info.substring(0, colon)));
    if (colon >= 0) {
      put("password", decoded(info.substring(colon + 1)));
    }
  }

  private void readHosts(String list) {
    var hosts = new ArrayList<String>();
    var ports = new ArrayList<String>();
    for (String entry : list.split(",")) {
      int colon = entry.lastIndexOf(':');
      boolean hasPort = colon > entry.lastIndexOf(']');
      var host = hasPort ? entry.substring(0, colon) : entry;
      if (!host.isEmpty()) {
        hosts.add(decoded(host.replace("[", "").replace("]", "")));
      }
      if (hasPort) {
        ports.add(entry.substring(colon + 1));
      }
    }
    if (!hosts.isEmpty()) {
      put("host", String.join(",", hosts));
    }
    if (!ports.isEmpty()) {
      put("port", String.join(",", ports));
    }
  }

  private static String decoded(String part) {
    if (part.indexOf('%') < 0) {
      return part;
    }
    var raw = part.getBytes(StandardCharsets.UTF_8);
    var bytes = new byte[raw.length];
    int length = 0;
    for (int i = 0; i < raw.length; i++) {
      if (raw[i] != '%') {
        bytes[length++] = raw[i];
      } else {
        int high = i + 2 < raw.length ? Character.digit(raw[i + 1], 16) : -1;
        int low = i + 2 < raw.length ? Character.digit(raw[i + 2], 16) : -1;
        if (high < 0 || low < 0) {
          throw new IllegalArgumentException("has a % that two hexadecimal digits do not follow");
        }
        bytes[length++] = (byte) (high << 4 | low);
        i += 2;
      }
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }
}
