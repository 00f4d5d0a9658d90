// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.ComponentSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.snakeyaml.engine.v2.nodes.MappingNode;

/** Reads a Configuration document: access control and name resolution, and who does the rest. */
final class ConfigurationReader {
  private static final Logger log = LoggerFactory.getLogger(ConfigurationReader.class);
  private static final List<String> TOP = List.of("apiVersion", "kind", "metadata", "spec");
  private static final List<String> RESOLUTION = List.of("component", "version", "configuration");

  /** Dapr's other sections, and what does their work here. */
  private static final Map<String, String> ELSEWHERE = Map.ofEntries(
      Map.entry("api", "the facade's own options say which APIs it serves"),
      Map.entry("appHttpPipeline", "use EmbeddedRuntime.builder(…).interceptor(…)"),
      Map.entry("components", "add no component that is not wanted"),
      Map.entry("features", "there are no preview features"),
      Map.entry("httpPipeline", "use EmbeddedRuntime.builder(…).interceptor(…)"),
      Map.entry("jobs", "there are no jobs"),
      Map.entry("logging", "configure the program's SLF4J backend"),
      Map.entry("metric", "add dev.pillion:pillion-micrometer"),
      Map.entry("metrics", "add dev.pillion:pillion-micrometer"),
      Map.entry("mtls", "give the transport between runtimes its certificates, by peers(…)"),
      Map.entry("secrets", "no secret is handed out to other programs"),
      Map.entry("tracing", "add dev.pillion:pillion-micrometer"),
      Map.entry("wasm", "there are no WebAssembly components"),
      Map.entry("workflow", "there are no workflows"));

  private final YamlFields fields;

  ConfigurationReader(YamlFields fields) {
    this.fields = fields;
  }

  ConfigurationDocument read(MappingNode root) {
    fields.check(root, TOP, "a configuration");
    var version = fields.text(root, "apiVersion").orElse("");
    var kind = fields.text(root, "kind").orElse("");
    if (!version.equals("dapr.io/v1alpha1") || !kind.equals("Configuration")) {
      fields.problem(
          root,
          "a configuration has apiVersion: dapr.io/v1alpha1 and kind: Configuration, this has \"%s\" and \"%s\""
              .formatted(version, kind));
      return new ConfigurationDocument(fields.at(root), null, null);
    }
    var spec = fields.mapping(root, "spec");
    if (spec == null) {
      return new ConfigurationDocument(fields.at(root), null, null);
    }
    var known = new ArrayList<>(ELSEWHERE.keySet().stream().sorted().toList());
    known.add(0, "nameResolution");
    known.add(0, "accessControl");
    fields.check(spec, known, "the spec of a configuration");
    warnOfOthers(root, spec);
    var access = fields.mapping(spec, "accessControl");
    return new ConfigurationDocument(
        fields.at(root),
        access == null ? null : new AccessControlReader(fields).read(access),
        resolver(spec));
  }

  private void warnOfOthers(MappingNode root, MappingNode spec) {
    var present = new LinkedHashMap<String, String>();
    YamlText.fields(spec).forEach((name, node) -> {
      var instead = ELSEWHERE.get(name);
      if (instead != null && !YamlText.isNull(node)) {
        present.put(name, instead);
      }
    });
    if (!present.isEmpty()) {
      log.warn(
          "{}: of this configuration have no effect here: {}",
          fields.at(root),
          present.entrySet().stream()
              .map(entry -> entry.getKey() + " (" + entry.getValue() + ")")
              .collect(Collectors.joining(", ")));
    }
  }

  /** As a component, which a name resolver is. */
  private @Nullable ComponentDocument resolver(MappingNode spec) {
    var resolution = fields.mapping(spec, "nameResolution");
    if (resolution == null) {
      return null;
    }
    fields.check(resolution, RESOLUTION, "nameResolution");
    var component = fields.text(resolution, "component").orElse("");
    if (component.isEmpty()) {
      fields.problem(resolution, "\"nameResolution\" has no component, such as sqlite or mdns");
      return null;
    }
    var type = "nameresolution." + component;
    var items = new ArrayList<ComponentDocument.Item>();
    var configuration = fields.mapping(resolution, "configuration");
    if (configuration != null) {
      YamlText.fields(configuration)
          .forEach((name, value) -> items.add(new ComponentDocument.Item(
              name,
              fields.at(value),
              YamlText.isNull(value) ? null : YamlText.of(value),
              null,
              null)));
    }
    return new ComponentDocument(
        fields.at(YamlText.names(spec).getOrDefault("nameResolution", resolution)),
        type,
        type,
        fields.text(resolution, "version").orElse(""),
        null,
        items,
        ComponentSpec.DEFAULT_INIT_TIMEOUT,
        false);
  }
}
