// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.pubsub.engine.DeclaredSubscription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;

/** Reads one Subscription document, of either version. */
final class SubscriptionReader {
  private static final List<String> TOP =
      List.of("apiVersion", "kind", "metadata", "spec", "scopes");
  private static final List<String> V1 =
      List.of("pubsubname", "topic", "route", "metadata", "deadLetterTopic", "bulkSubscribe");
  private static final List<String> V2 =
      List.of("pubsubname", "topic", "routes", "metadata", "deadLetterTopic", "bulkSubscribe");
  private static final List<String> ROUTES = List.of("rules", "default");
  private static final List<String> RULE = List.of("match", "path");
  private static final List<String> BULK =
      List.of("enabled", "maxMessagesCount", "maxAwaitDurationMs");

  private final YamlFields fields;
  private final List<String> rulePlaces = new ArrayList<>();

  SubscriptionReader(YamlFields fields) {
    this.fields = fields;
  }

  /**
   * The subscription; null when there is none to speak of, which is a problem.
   *
   * @param v1 whether it is of {@code v1alpha1}, with a single route
   */
  @Nullable
  DeclaredSubscription read(MappingNode root, boolean v1) {
    fields.check(root, TOP, "a subscription");
    var metadata = fields.mapping(root, "metadata");
    var name = metadata == null ? "" : fields.text(metadata, "name").orElse("");
    var spec = fields.mapping(root, "spec");
    if (spec == null) {
      fields.problem(root, "the subscription \"%s\" has no spec".formatted(name));
      return null;
    }
    fields.check(spec, v1 ? V1 : V2, "the spec of a subscription");
    var pubsub = required(spec, name, "pubsubname");
    var topic = required(spec, name, "topic");
    var options = settings(spec, v1 ? route(spec) : routes(spec));
    return new DeclaredSubscription(
        new SubscriptionDeclaration(name, pubsub, topic, options), fields.at(root), rulePlaces);
  }

  private String required(MappingNode spec, String name, String field) {
    var text = fields.text(spec, field).orElse("");
    if (text.isEmpty()) {
      fields.problem(spec, "the subscription \"%s\" has no spec.%s".formatted(name, field));
    }
    return text;
  }

  private SubscribeOptions route(MappingNode spec) {
    return SubscribeOptions.defaults().otherwise(fields.text(spec, "route").orElse(""));
  }

  private SubscribeOptions routes(MappingNode spec) {
    var options = SubscribeOptions.defaults();
    var routes = fields.mapping(spec, "routes");
    if (routes == null) {
      fields.problem(spec, "the subscription has no spec.routes, so that no event would match it");
      return options;
    }
    fields.check(routes, ROUTES, "routes");
    for (Node node : fields.list(routes, "rules")) {
      var rule = fields.mapping("rules", node);
      if (rule != null) {
        fields.check(rule, RULE, "a rule");
        rulePlaces.add(fields.at(rule));
        options = options.route(
            fields.text(rule, "match").orElse(""), fields.text(rule, "path").orElse(""));
      }
    }
    var otherwise = fields.text(routes, "default").orElse("");
    if (otherwise.isEmpty() && options.rules().isEmpty()) {
      fields.problem(
          routes, "the routes have neither rules nor a default, so that no event would match");
    }
    return otherwise.isEmpty() ? options : options.otherwise(otherwise);
  }

  private SubscribeOptions settings(MappingNode spec, SubscribeOptions routed) {
    var options = routed;
    var dead = fields.text(spec, "deadLetterTopic").orElse("");
    if (!dead.isEmpty()) {
      options = options.deadLetterTopic(dead);
    }
    var metadata = fields.mapping(spec, "metadata");
    if (metadata != null) {
      for (var entry : YamlText.fields(metadata).entrySet()) {
        options = options.metadata(entry.getKey(), YamlText.of(entry.getValue()));
      }
    }
    var bulk = fields.mapping(spec, "bulkSubscribe");
    if (bulk != null) {
      fields.check(bulk, BULK, "bulkSubscribe");
      var enabled = fields.text(bulk, "enabled").orElse("");
      int most = integer(bulk, "maxMessagesCount");
      int await = integer(bulk, "maxAwaitDurationMs");
      if (enabled.equals("true")) {
        options = options.bulk(most, Duration.ofMillis(await));
      } else if (!enabled.isEmpty() && !enabled.equals("false")) {
        fields.problem(bulk, "\"enabled\" was \"%s\" but must be true or false".formatted(enabled));
      }
    }
    return options;
  }

  private int integer(MappingNode node, String field) {
    var text = fields.text(node, field).orElse("");
    try {
      return text.isEmpty() ? 0 : Integer.parseInt(text);
    } catch (NumberFormatException e) {
      fields.problem(node, "\"%s\" was \"%s\" but must be a whole number".formatted(field, text));
      return 0;
    }
  }
}
