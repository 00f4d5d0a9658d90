// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.consul;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.invocation.spi.AppInstance;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether and as what this runtime registers: Dapr's settings {@code selfRegister},
 * {@code selfDeregister}, {@code checks}, {@code tags}, {@code meta}, {@code daprPortMetaKey} and
 * {@code advancedRegistration}. Immutable.
 *
 * @param advanced takes the place of checks, tags and meta; null when it is not set
 */
record Registering(
    boolean registers,
    boolean deregisters,
    String portKey,
    ObjectNode further,
    @Nullable ObjectNode advanced) {
  static final String PORT_KEY = "DAPR_PORT";

  private static final String[] CHECK_KEYS = {
    "args",
    "checkId",
    "name",
    "dockerContainerId",
    "shell",
    "interval",
    "timeout",
    "ttl",
    "http",
    "method",
    "tcp",
    "status",
    "notes",
    "grpc",
    "aliasNode",
    "aliasService",
    "deregisterCriticalServiceAfter",
    "header",
    "tlsSkipVerify",
    "grpcUseTls"
  };
  private static final String[] ADVANCED_KEYS = {
    "kind",
    "id",
    "name",
    "tags",
    "port",
    "address",
    "taggedAddresses",
    "enableTagOverride",
    "meta",
    "weights",
    "check",
    "checks",
    "proxy",
    "connect"
  };

  /** What a resolver made in code does. */
  static Registering always() {
    return new Registering(true, true, PORT_KEY, Options.JSON.createObjectNode(), null);
  }

  static Registering read(ComponentMetadata metadata) {
    var further = Options.JSON.createObjectNode();
    var checks = Options.parse(metadata, "checks");
    if (checks instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        var check = Options.of(metadata, "checks[%d]".formatted(i), array.get(i));
        check.accept(CHECK_KEYS);
        check.done();
      }
      further.set("Checks", array);
    } else if (checks != null) {
      metadata.problem("\"checks\" must be a list");
    }
    var tags = Options.parse(metadata, "tags");
    if (tags instanceof ArrayNode array) {
      further.set("Tags", array);
    } else if (tags != null) {
      metadata.problem("\"tags\" must be a list");
    }
    var meta = Options.parse(metadata, "meta");
    if (meta != null) {
      further.set("Meta", Options.JSON.valueToTree(Options.map("meta", metadata, meta)));
    }
    var advanced = Options.read(metadata, "advancedRegistration");
    advanced.accept(ADVANCED_KEYS);
    advanced.done();
    return new Registering(
        metadata.truthy("selfRegister", false),
        metadata.truthy("selfDeregister", false),
        metadata.text("daprPortMetaKey").filter(text -> !text.isEmpty()).orElse(PORT_KEY),
        further,
        advanced.values().isEmpty() ? null : advanced.values());
  }

  boolean makesKnown() {
    return registers || advanced != null;
  }

  /** The service as the agent is told. */
  ObjectNode service(AppInstance self) {
    var service = Options.JSON.createObjectNode();
    var id =
        "%s-%s-%d".formatted(self.appId(), self.address().host(), self.address().port());
    service.put("ID", id);
    service.put("Name", self.appId());
    service.put("Address", self.address().host());
    if (self.appPort() > 0) {
      service.put("Port", self.appPort());
    }
    var special = advanced;
    if (special == null) {
      service.setAll(further.deepCopy());
      if (!service.has("Checks")) {
        service.putArray("Checks").add(defaultCheck(self, id));
      }
    } else {
      special.properties().forEach(entry -> replace(service, entry.getKey(), entry.getValue()));
    }
    var meta = new LinkedHashMap<String, String>();
    if (find(service, "Meta") instanceof ObjectNode given) {
      given
          .properties()
          .forEach(entry -> meta.put(entry.getKey(), entry.getValue().asText()));
    }
    meta.put(portKey, Integer.toString(self.address().port()));
    replace(service, "Meta", Options.JSON.valueToTree(meta));
    return (ObjectNode) filled(service, self);
  }

  /**
   * Dapr's asks a daprd's HTTP port; this runtime may have none, and its peer port shows as much.
   */
  private static ObjectNode defaultCheck(AppInstance self, String id) {
    var check = Options.JSON.createObjectNode();
    check.put("Name", "Dapr Health Status");
    check.put("CheckID", "daprHealth:" + id);
    check.put("Interval", "15s");
    check.put("TCP", self.address().toString());
    return check;
  }

  private static void replace(ObjectNode node, String key, JsonNode value) {
    var same = new ArrayList<String>();
    node.fieldNames().forEachRemaining(other -> {
      if (other.equalsIgnoreCase(key)) {
        same.add(other);
      }
    });
    node.remove(same);
    node.set(key, value);
  }

  private static @Nullable JsonNode find(ObjectNode node, String key) {
    for (var entry : node.properties()) {
      if (entry.getKey().equalsIgnoreCase(key)) {
        return entry.getValue();
      }
    }
    return null;
  }

  /** Dapr's examples name this instance by the variables that daprd sets for itself. */
  private static JsonNode filled(JsonNode node, AppInstance self) {
    if (node.isTextual()) {
      var text = node.textValue();
      for (var variable : variables(self).entrySet()) {
        text = text.replace("${" + variable.getKey() + "}", variable.getValue());
      }
      return Options.JSON.getNodeFactory().textNode(text);
    }
    if (node instanceof ArrayNode array) {
      var filled = Options.JSON.createArrayNode();
      array.forEach(item -> filled.add(filled(item, self)));
      return filled;
    }
    if (node instanceof ObjectNode object) {
      var filled = Options.JSON.createObjectNode();
      object
          .properties()
          .forEach(entry -> filled.set(entry.getKey(), filled(entry.getValue(), self)));
      return filled;
    }
    return node;
  }

  private static Map<String, String> variables(AppInstance self) {
    return Map.of(
        "APP_ID", self.appId(),
        "APP_PORT", Integer.toString(self.appPort()),
        "HOST_ADDRESS", self.address().host());
  }
}
