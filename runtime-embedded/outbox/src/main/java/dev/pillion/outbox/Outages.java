// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** The pubsubs that take no events now. Written by the relay alone, read by all. */
final class Outages {
  private final String outbox;
  private final TimeSource time;
  private final Map<String, Incident> incidents = new ConcurrentHashMap<>();

  Outages(String outbox, TimeSource time) {
    this.outbox = outbox;
    this.time = time;
  }

  /** An event was not taken; several of one round are one failure. */
  void failed(String pubsub, Exception e) {
    if (!isAway(pubsub)) {
      incidents
          .computeIfAbsent(
              pubsub, name -> new Incident(outbox, "the pubsub \"" + name + "\"", time))
          .failed(e);
    }
  }

  void worked(String pubsub) {
    var incident = incidents.get(pubsub);
    if (incident != null) {
      incident.worked();
    }
  }

  boolean isAway(String pubsub) {
    var incident = incidents.get(pubsub);
    return incident != null && isAway(incident);
  }

  private static boolean isAway(Incident incident) {
    return incident.left().compareTo(Duration.ZERO) > 0;
  }

  /** Those that are left alone for the moment. */
  Set<String> away() {
    return incidents.entrySet().stream()
        .filter(entry -> isAway(entry.getValue()))
        .map(Map.Entry::getKey)
        .collect(Collectors.toUnmodifiableSet());
  }

  /** When the next of them may be tried, at most {@code longest}. */
  Duration next(Duration longest) {
    return incidents.values().stream()
        .filter(Outages::isAway)
        .map(Incident::left)
        .filter(left -> left.compareTo(longest) < 0)
        .min(Duration::compareTo)
        .orElse(longest);
  }

  /** What is wrong, in one line; empty when nothing is. */
  String reasons() {
    return incidents.values().stream()
        .map(Incident::reason)
        .filter(reason -> reason != null)
        .sorted()
        .collect(Collectors.joining("; "));
  }
}
