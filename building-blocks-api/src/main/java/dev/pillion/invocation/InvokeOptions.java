// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How to call a method. Immutable: each method returns another object. */
public final class InvokeOptions {
  private static final InvokeOptions DEFAULTS = new InvokeOptions("POST", "", Map.of(), null);

  private final String verb;
  private final String query;
  private final Map<String, List<String>> headers;
  private final @Nullable Duration timeout;

  private InvokeOptions(
      String verb, String query, Map<String, List<String>> headers, @Nullable Duration timeout) {
    this.verb = verb;
    this.query = query;
    this.headers = headers;
    this.timeout = timeout;
  }

  /** A {@code POST} without query and headers, and 60 s for it. */
  public static InvokeOptions defaults() {
    return DEFAULTS;
  }

  /** HTTP's verb, such as {@code GET}; {@code POST} unless set. */
  public InvokeOptions verb(String other) {
    if (other.isBlank()) {
      throw new IllegalArgumentException("a verb can't be blank; it is GET, POST, …");
    }
    return new InvokeOptions(other.toUpperCase(Locale.ROOT), query, headers, timeout);
  }

  /** What follows the question mark of a URL, encoded. */
  public InvokeOptions query(String encoded) {
    return new InvokeOptions(verb, encoded, headers, timeout);
  }

  /**
   * One more header; a name that is there already gets another value.
   *
   * @throws IllegalArgumentException when name or value have a control character in them, or the
   *     name is empty
   */
  public InvokeOptions header(String name, String value) {
    requireClean(name, "name");
    requireClean(value, "value");
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a header needs a name");
    }
    var more = new LinkedHashMap<>(headers);
    var values = new ArrayList<>(more.getOrDefault(name, List.of()));
    values.add(value);
    more.put(name, List.copyOf(values));
    return new InvokeOptions(verb, query, Map.copyOf(more), timeout);
  }

  private static void requireClean(String text, String what) {
    if (text.chars().anyMatch(letter -> letter < ' ' || letter == 0x7F)) {
      throw new IllegalArgumentException(
          "the " + what + " of a header has a control character in it, which no header carries");
    }
  }

  /**
   * How long the call may take, retries included.
   *
   * @throws IllegalArgumentException when zero or negative
   */
  public InvokeOptions timeout(Duration longest) {
    if (longest.isZero() || longest.isNegative()) {
      throw new IllegalArgumentException("a call can't be over within " + longest);
    }
    return new InvokeOptions(verb, query, headers, longest);
  }

  /** The verb, in upper case. */
  public String verb() {
    return verb;
  }

  /** The query; empty when there is none. */
  public String query() {
    return query;
  }

  /** The headers; unmodifiable. */
  public Map<String, List<String>> headers() {
    return headers;
  }

  /** How long the call may take; null for 60 s. */
  public @Nullable Duration timeout() {
    return timeout;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof InvokeOptions that
        && verb.equals(that.verb)
        && query.equals(that.query)
        && headers.equals(that.headers)
        && Objects.equals(timeout, that.timeout);
  }

  @Override
  public int hashCode() {
    return Objects.hash(verb, query, headers, timeout);
  }
}
