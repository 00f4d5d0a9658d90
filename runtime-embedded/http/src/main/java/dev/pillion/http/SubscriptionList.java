// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.SubscriptionDeclaration;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a program answers to {@code GET /dapr/subscribe}, in either of Dapr's versions. */
final class SubscriptionList {
  private static final Logger log = LoggerFactory.getLogger(HttpApp.class);
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** The whole answer counts for nothing. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1;

    MalformedException(String message) {
      super(message);
    }
  }

  private SubscriptionList() {}

  /** The subscriptions; none for an empty body. */
  static List<SubscriptionDeclaration> read(byte[] body) throws MalformedException {
    if (body.length == 0) {
      return List.of();
    }
    var list = parse(body);
    if (list.isNull()) {
      return List.of();
    }
    if (!list.isArray()) {
      throw new MalformedException("it is no array");
    }
    var declarations = new ArrayList<SubscriptionDeclaration>();
    for (int i = 0; i < list.size(); i++) {
      var entry = new Entry("[" + i + "]", list.get(i)).requireObject();
      var options = options(entry);
      var pubsub = entry.text("pubsubname");
      var topic = entry.text("topic");
      if (options.rules().isEmpty()) {
        log.warn("a subscription to {}/{} names no route, and is passed over", pubsub, topic);
      } else {
        declarations.add(new SubscriptionDeclaration("", pubsub, topic, options));
      }
    }
    return List.copyOf(declarations);
  }

  private static JsonNode parse(byte[] body) throws MalformedException {
    try {
      return JSON.readTree(body);
    } catch (JsonProcessingException e) {
      var at = e.getLocation();
      throw new MalformedException("its JSON is malformed"
          + (at == null
              ? ""
              : " in line %d, column %d".formatted(at.getLineNr(), at.getColumnNr())));
    } catch (IOException e) {
      throw new MalformedException("it can't be read");
    }
  }

  private static SubscribeOptions options(Entry entry) throws MalformedException {
    var options = SubscribeOptions.defaults();
    var routes = entry.object("routes");
    for (var rule : routes.list("rules")) {
      var path = rule.text("path");
      if (!path.isEmpty() || !rule.text("match").isEmpty()) {
        options = options.route(rule.text("match"), path);
      }
    }
    var otherwise = routes.text("default");
    if (otherwise.isEmpty()) {
      otherwise = entry.text("route");
    }
    if (!otherwise.isEmpty()) {
      options = options.otherwise(otherwise);
    }
    for (var name : entry.object("metadata").names()) {
      options = options.metadata(name, entry.object("metadata").text(name));
    }
    if (!entry.text("deadLetterTopic").isEmpty()) {
      options = options.deadLetterTopic(entry.text("deadLetterTopic"));
    }
    var bulk = entry.object("bulkSubscribe");
    return bulk.truth("enabled")
        ? options.bulk(
            bulk.number("maxMessagesCount"), Duration.ofMillis(bulk.number("maxAwaitDurationMs")))
        : options;
  }

  /** A JSON object and where it stands; what is absent or null reads as nothing. */
  private record Entry(String place, JsonNode node) {
    Entry requireObject() throws MalformedException {
      if (!node.isObject() && !node.isMissingNode() && !node.isNull()) {
        throw wrong("an object");
      }
      return this;
    }

    private MalformedException wrong(String expected) {
      return new MalformedException(place + " must be " + expected);
    }

    private Entry at(String name) {
      var member = EventAnswers.member(node, name);
      return new Entry(place + "." + name, member == null ? MissingNode.getInstance() : member);
    }

    private boolean isNothing() {
      return node.isMissingNode() || node.isNull();
    }

    Entry object(String name) throws MalformedException {
      return at(name).requireObject();
    }

    List<String> names() {
      var names = new ArrayList<String>();
      node.fieldNames().forEachRemaining(names::add);
      return names;
    }

    List<Entry> list(String name) throws MalformedException {
      var member = at(name);
      if (!member.isNothing() && !member.node.isArray()) {
        throw member.wrong("an array");
      }
      var entries = new ArrayList<Entry>();
      for (int i = 0; i < member.node.size(); i++) {
        entries.add(new Entry(member.place + "[" + i + "]", member.node.get(i)).requireObject());
      }
      return entries;
    }

    String text(String name) throws MalformedException {
      var member = at(name);
      if (member.isNothing()) {
        return "";
      }
      if (!member.node.isTextual()) {
        throw member.wrong("text");
      }
      return member.node.textValue();
    }

    boolean truth(String name) throws MalformedException {
      var member = at(name);
      if (!member.isNothing() && !member.node.isBoolean()) {
        throw member.wrong("true or false");
      }
      return member.node.booleanValue();
    }

    int number(String name) throws MalformedException {
      var member = at(name);
      if (!member.isNothing() && !member.node.canConvertToExactIntegral()) {
        throw member.wrong("a whole number");
      }
      return member.node.asInt();
    }
  }
}
