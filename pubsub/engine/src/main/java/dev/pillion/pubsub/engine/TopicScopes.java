// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.component.ComponentMetadata;
import dev.pillion.pubsub.TopicForbiddenException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Which topics of one pubsub are open to this app, as Dapr's four settings say. Immutable. */
final class TopicScopes {
  private static final String PUBLISHING = "publishingScopes";
  private static final String SUBSCRIPTION = "subscriptionScopes";
  private static final String ALLOWED = "allowedTopics";
  private static final String PROTECTED = "protectedTopics";

  private final String pubsub;
  private final String appId;
  private final Set<String> publishing;
  private final Set<String> subscription;
  private final Set<String> allowed;
  private final Set<String> protectedTopics;

  private TopicScopes(String pubsub, String appId, ComponentMetadata metadata) {
    this.pubsub = pubsub;
    this.appId = appId;
    this.publishing = scope(metadata, PUBLISHING, appId);
    this.subscription = scope(metadata, SUBSCRIPTION, appId);
    this.allowed = topics(metadata, ALLOWED);
    this.protectedTopics = topics(metadata, PROTECTED);
  }

  /** The scopes that {@code metadata} writes down for this app; makes the four settings known. */
  static TopicScopes of(String pubsub, String appId, ComponentMetadata metadata) {
    return new TopicScopes(pubsub, appId, metadata);
  }

  private static Set<String> topics(ComponentMetadata metadata, String key) {
    var written = metadata.text(key).orElse("").replace(" ", "");
    return written.isEmpty() ? Set.of() : new LinkedHashSet<>(List.of(written.split(",", -1)));
  }

  /** {@code app1=t1,t2;app2=}: an app that is named without topics has the empty topic alone. */
  private static Set<String> scope(ComponentMetadata metadata, String key, String appId) {
    var found = new LinkedHashSet<String>();
    for (var entry : metadata.text(key).orElse("").replace(" ", "").split(";", -1)) {
      var parts = entry.split("=", -1);
      if (parts[0].equals(appId) && parts.length > 1) {
        found.addAll(List.of(parts[1].split(",", -1)));
      }
    }
    return found;
  }

  /**
   * Lets pass what the app may publish to.
   *
   * @throws TopicForbiddenException otherwise
   */
  void requirePublishing(String topic) {
    require(topic, publishing, PUBLISHING, "topic %s is not allowed for app id %s");
  }

  /**
   * Lets pass what the app may subscribe to.
   *
   * @throws TopicForbiddenException otherwise
   */
  void requireSubscribing(String topic) {
    require(topic, subscription, SUBSCRIPTION, "app id %2$s may not subscribe to topic %1$s");
  }

  private void require(String topic, Set<String> scoped, String setting, String message) {
    var closedBy = closedBy(topic, scoped, setting);
    if (!closedBy.isEmpty()) {
      throw new TopicForbiddenException((message + ": \"%3$s\" of the pubsub \"%4$s\" %5$s")
          .formatted(topic, appId, closedBy, pubsub, reason(closedBy)));
    }
  }

  private static String reason(String setting) {
    return switch (setting) {
      case ALLOWED -> "does not list the topic";
      case PROTECTED -> "lists the topic, and no scope of this app does";
      default -> "gives this app other topics";
    };
  }

  private String closedBy(String topic, Set<String> scoped, String setting) {
    if (!allowed.isEmpty() && !allowed.contains(topic)) {
      return ALLOWED;
    }
    if (scoped.isEmpty()) {
      return protectedTopics.contains(topic) ? PROTECTED : "";
    }
    return scoped.contains(topic) ? "" : setting;
  }
}
