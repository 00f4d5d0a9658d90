// SPDX-License-Identifier: Apache-2.0
package dev.pillion.component;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The settings of one component, read by typed getters that collect every problem instead of
 * throwing at the first.
 *
 * <p>Keys are case-insensitive, as in Dapr. Each getter takes the key and Dapr's aliases of it, and
 * makes them known; whatever nobody has asked for when {@link #problems} is called is reported as
 * unknown. A wrong value is reported and its default returned, so that reading goes on. Dapr has
 * two readers whose units differ: {@link #duration} and {@link #truthy} are those of most
 * components, {@link #millis} and {@link #strictBoolean} those of the Redis family.
 *
 * <p>Not thread-safe: it is read while a component is made.
 */
public final class ComponentMetadata {
  private static final Set<String> TRUTHY = Set.of("y", "yes", "true", "t", "on", "1");
  private static final Map<String, Boolean> STRICT = strictBooleans();

  private final Map<String, String> values;
  private final Map<String, String> secretNames;
  private final boolean namespaced;
  private final Map<String, String> spelling = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
  private final Set<String> known = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
  private final Set<String> problems = new LinkedHashSet<>();

  private ComponentMetadata(
      Map<String, String> values, Map<String, String> secretNames, boolean namespaced) {
    this.namespaced = namespaced;
    this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    this.secretNames = Map.copyOf(secretNames);
    this.values.keySet().forEach(key -> {
      var other = spelling.put(key, key);
      if (other != null) {
        problems.add("\"%s\" and \"%s\" are the same setting; write it once".formatted(other, key));
      }
    });
  }

  /** The settings as written; copied. */
  public static ComponentMetadata of(Map<String, String> values) {
    return new ComponentMetadata(values, Map.of(), false);
  }

  /**
   * The settings as written, some of which came from a secret store and are never printed.
   *
   * @param secretNames the name of the secret ({@code secretKeyRef.name}) by key, for the values
   *     that came from one; an empty name for those that came from elsewhere and may be secret too
   */
  public static ComponentMetadata of(Map<String, String> values, Map<String, String> secretNames) {
    return new ComponentMetadata(values, secretNames, false);
  }

  /** The same settings, of which one was written with the placeholder {@code {namespace}}. */
  public ComponentMetadata inNamespace() {
    return new ComponentMetadata(values, secretNames, true);
  }

  /**
   * Whether a value was written with the placeholder {@code {namespace}}: the topics of a pubsub
   * then bear the namespace, as in Dapr.
   */
  public boolean isNamespaced() {
    return namespaced;
  }

  /**
   * The settings under the names as written, for features that look at exact names; unmodifiable.
   */
  public Map<String, String> asMap() {
    return values;
  }

  /** Whether the value of this key is never printed: it came from a secret store or a variable. */
  public boolean isSecret(String key) {
    return secretNames.containsKey(spelling.getOrDefault(key, key));
  }

  /** The name of the secret the value of this key came from; empty when it came from none. */
  public Optional<String> secretName(String key) {
    var written = spelling.get(key);
    return written == null
        ? Optional.empty()
        : Optional.ofNullable(secretNames.get(written)).filter(name -> !name.isEmpty());
  }

  /** The value of a key, as written; empty when it is not set. */
  public Optional<String> text(String key, String... aliases) {
    return Optional.ofNullable(raw(key, aliases));
  }

  /** The value of a key that must be set and not empty; its absence is a problem. */
  public String required(String key, String... aliases) {
    var value = raw(key, aliases);
    if (value == null || value.isEmpty()) {
      problem("\"%s\" is missing".formatted(key));
      return "";
    }
    return value;
  }

  /**
   * A boolean in the loose form of most Dapr components: y, yes, true, t, on, 1; everything else is
   * false.
   */
  public boolean truthy(String key, boolean fallback, String... aliases) {
    var value = raw(key, aliases);
    return value == null ? fallback : TRUTHY.contains(value.strip().toLowerCase(Locale.ROOT));
  }

  /**
   * A boolean in the strict form of Dapr's Redis components: 1, t, true, 0, f, false; anything else
   * is a problem.
   */
  public boolean strictBoolean(String key, boolean fallback) {
    var value = raw(key);
    if (value == null) {
      return fallback;
    }
    var parsed = STRICT.get(value);
    return parsed != null ? parsed : wrong(key, value, "must be true or false", fallback);
  }

  /** A whole number within bounds. */
  public int integer(String key, int fallback, int min, int max, String... aliases) {
    var value = raw(key, aliases);
    if (value == null) {
      return fallback;
    }
    try {
      int number = Integer.parseInt(value.strip());
      return number >= min && number <= max
          ? number
          : wrong(key, value, "must be from %d to %d".formatted(min, max), fallback);
    } catch (NumberFormatException e) {
      return wrong(key, value, "must be a whole number", fallback);
    }
  }

  /**
   * A duration in the form of most Dapr components: Go's ({@code 1h2m3s}, {@code 500ms}), or whole
   * <em>seconds</em>.
   */
  public Duration duration(String key, Duration fallback, String... aliases) {
    return duration(key, fallback, Duration.ofSeconds(1), aliases);
  }

  /**
   * A duration in the form of Dapr's Redis components: Go's ({@code 500ms}), or whole
   * <em>milliseconds</em>.
   */
  public Duration millis(String key, Duration fallback) {
    return duration(key, fallback, Duration.ofMillis(1));
  }

  private Duration duration(String key, Duration fallback, Duration unit, String... aliases) {
    var value = raw(key, aliases);
    if (value == null || value.isEmpty()) {
      return fallback;
    }
    var parsed = GoDuration.parse(value, unit);
    return parsed != null
        ? parsed
        : wrong(
            key,
            value,
            "must be a duration such as 500ms, 5s or 1h30m, or a whole number",
            fallback);
  }

  /** One of several words, case-insensitive; an empty value is the fallback. */
  public String oneOf(String key, String fallback, String... words) {
    var value = raw(key);
    if (value == null || value.isEmpty()) {
      return fallback;
    }
    for (String word : words) {
      if (word.equalsIgnoreCase(value)) {
        return word;
      }
    }
    return wrong(key, value, "must be one of " + String.join(", ", words), fallback);
  }

  /** Makes keys known that something else reads. */
  public void accept(String... keys) {
    known.addAll(List.of(keys));
  }

  /**
   * Reports a setting that Dapr has and Pillion has not, when it is set to anything but
   * {@code harmless}.
   */
  public void unsupported(String key, String harmless, String instead) {
    var value = raw(key);
    if (value != null && !value.isEmpty() && !value.equalsIgnoreCase(harmless)) {
      problem("\"%s\" is a setting of Dapr's that Pillion does not support; %s"
          .formatted(key, instead));
    }
  }

  /**
   * Reports something wrong with these settings; one line, without the component's name and without
   * secrets.
   */
  public void problem(String message) {
    problems.add(message);
  }

  /** Everything that is wrong, settings that nobody asked for included; empty when all is well. */
  public List<String> problems() {
    var all = new ArrayList<>(problems);
    for (String key : values.keySet()) {
      if (!known.contains(key)) {
        var nearest = NearestName.to(key, known);
        all.add("\"%s\" is not a setting of this component%s"
            .formatted(key, nearest == null ? "" : "; did you mean \"%s\"?".formatted(nearest)));
      }
    }
    return all;
  }

  /** The names of the settings; values stay out, some are secret. */
  @Override
  public String toString() {
    return values.keySet().toString();
  }

  private @Nullable String raw(String key, String... aliases) {
    known.add(key);
    known.addAll(List.of(aliases));
    var written = spelling.get(key);
    for (int i = 0; written == null && i < aliases.length; i++) {
      written = spelling.get(aliases[i]);
    }
    return written == null ? null : values.get(written);
  }

  private <T> T wrong(String key, String value, String rule, T fallback) {
    var written = spelling.getOrDefault(key, key);
    problem(
        isSecret(written)
            ? "\"%s\" %s, and what it refers to is not".formatted(key, rule)
            : "\"%s\" was \"%s\" but %s".formatted(key, value, rule));
    return fallback;
  }

  private static Map<String, Boolean> strictBooleans() {
    var words = new LinkedHashMap<String, Boolean>();
    List.of("1", "t", "T", "TRUE", "true", "True").forEach(word -> words.put(word, true));
    List.of("0", "f", "F", "FALSE", "false", "False").forEach(word -> words.put(word, false));
    return Map.copyOf(words);
  }
}
