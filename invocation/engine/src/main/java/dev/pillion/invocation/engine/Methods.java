// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.component.NearestName;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.RequestHandler;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The methods of this app by their canonical names. Thread-safe. */
final class Methods {
  /** No method can have this name. */
  static final String OTHERS = "#others";

  private final Map<String, Method> named = new ConcurrentHashMap<>();
  private final AtomicReference<@Nullable Method> others = new AtomicReference<>();
  private final TimeSource time;
  private final Duration drainTimeout;

  Methods(TimeSource time, Duration drainTimeout) {
    this.time = time;
    this.drainTimeout = drainTimeout;
  }

  /** The one form of a method's name: canonical, and without slashes at its ends. */
  static String canonical(String method) {
    return bare(InvocationRequest.get(method).method());
  }

  static String bare(String canonical) {
    return canonical.startsWith("/") ? canonical.substring(1) : canonical;
  }

  /** @throws IllegalArgumentException when the method has a handler */
  Method add(String method, RequestHandler handler) {
    var name = canonical(method);
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a method needs a name");
    }
    var added = new Method(name, handler, closed -> named.remove(name, closed), time, drainTimeout);
    if (named.putIfAbsent(name, added) != null) {
      throw new IllegalArgumentException(
          "the method \"%s\" has a handler already; close its registration first".formatted(name));
    }
    return added;
  }

  /** @throws IllegalArgumentException when there is one for all others */
  Method addOthers(RequestHandler handler) {
    var added = new Method(
        OTHERS, handler, closed -> others.compareAndSet(closed, null), time, drainTimeout);
    if (!others.compareAndSet(null, added)) {
      throw new IllegalArgumentException(
          "there is a handler of all other methods already, such as the program beside this one");
    }
    return added;
  }

  /**
   * What a call of this name comes to, now: the method, or what handles all others. Whoever decides
   * on it and whoever runs it use this one object, for handlers come and go meanwhile.
   *
   * @param name canonical
   */
  Found look(String name) {
    var found = named.get(name);
    return new Found(name, found == null ? others.get() : found);
  }

  /**
   * One answer of {@link #look}.
   *
   * @param handling null when nothing does
   */
  record Found(String name, @Nullable Method handling) {
    /** Whether a method of that name has a handler of its own. */
    boolean isNamed() {
      return handling != null && !handling.isForOthers();
    }
  }

  /** @throws InvocationException with status 404 when nothing handles it */
  Method required(Found found) {
    var handling = found.handling();
    if (handling == null) {
      throw unknown(found.name());
    }
    return handling;
  }

  private InvocationException unknown(String name) {
    var nearest = NearestName.to(name, named.keySet());
    return new InvocationException(
        404,
        named.isEmpty()
            ? "no method \"%s\": the app has no methods".formatted(name)
            : "no method \"%s\"%s"
                .formatted(name, nearest == null ? "" : "; did you mean \"" + nearest + "\"?"));
  }

  List<String> names() {
    return named.keySet().stream().sorted().toList();
  }
}
