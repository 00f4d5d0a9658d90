// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.ComponentSpec;
import dev.pillion.component.GoDuration;
import dev.pillion.pubsub.engine.DeclaredSubscription;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * One YAML document of a resources folder, read field by field; what is wrong with it is collected
 * with its place.
 */
final class YamlDocument {
  private static final List<String> TOP =
      List.of("apiVersion", "kind", "metadata", "spec", "auth", "scopes");
  private static final List<String> SPEC =
      List.of("type", "version", "initTimeout", "ignoreErrors", "metadata");
  private static final List<String> AUTH = List.of("secretStore");

  /**
   * Where a document stands.
   *
   * @param linesBefore the lines of the file before the document's first one
   */
  record Source(Path file, int linesBefore) {
    String at(Node node) {
      return at(node.getStartMark());
    }

    String at(Optional<Mark> mark) {
      return file + mark.map(m -> ":" + (linesBefore + m.getLine() + 1)).orElse("");
    }
  }

  private final Source source;
  private final MappingNode root;
  private final YamlFields fields;

  private YamlDocument(Source source, MappingNode root, List<String> problems) {
    this.source = source;
    this.root = root;
    this.fields = new YamlFields(source, problems);
  }

  /** Null for an empty document. */
  static @Nullable YamlDocument of(Source source, Node node, List<String> problems) {
    if (node instanceof MappingNode mapping) {
      return new YamlDocument(source, mapping, problems);
    }
    if (!YamlText.isNull(node)) {
      problems.add("%s: not a Dapr resource: it has no fields".formatted(source.at(node)));
    }
    return null;
  }

  String source() {
    return source.at(root);
  }

  Path file() {
    return source.file();
  }

  Optional<String> text(String field) {
    return fields.text(root, field);
  }

  /** Where a field stands; the document where it has none of that name. */
  String at(String field) {
    return source.at(YamlText.names(root).getOrDefault(field, root));
  }

  String namespace() {
    var metadata = fields.mapping(root, "metadata");
    return metadata == null ? "" : fields.text(metadata, "namespace").orElse("");
  }

  List<String> scopes() {
    return fields.list(root, "scopes").stream().map(YamlText::of).toList();
  }

  /** The policies of the document, and where they stand. */
  ResiliencyDocument resiliency() {
    return new ResiliencyReader(fields).read(root);
  }

  /** The subscription of the document; null when it has none to speak of, which is a problem. */
  @Nullable
  DeclaredSubscription subscription() {
    boolean v1 = text("apiVersion").orElse("").endsWith("v1alpha1");
    return new SubscriptionReader(fields).read(root, v1);
  }

  /** The HTTP endpoint of the document; null when it has none to speak of, which is a problem. */
  @Nullable
  EndpointDocument endpoint() {
    return new EndpointReader(fields).read(root);
  }

  /** The configuration of the document. */
  ConfigurationDocument configuration() {
    return new ConfigurationReader(fields).read(root);
  }

  /** The component of the document; null when it has none to speak of, which is a problem. */
  @Nullable
  ComponentDocument component() {
    var metadata = fields.mapping(root, "metadata");
    var spec = fields.mapping(root, "spec");
    var name = metadata == null ? "" : fields.text(metadata, "name").orElse("");
    var type = spec == null ? "" : fields.text(spec, "type").orElse("");
    fields.check(root, TOP, "a component");
    if (spec != null) {
      fields.check(spec, SPEC, "spec");
    }
    if (name.isEmpty()) {
      problem(root, "the component has no metadata.name");
    } else if (name.contains("/") || name.contains("%") || name.equals(".") || name.equals("..")) {
      problem(
          root,
          "the component's name \"%s\" can't hold a slash or percent sign, as it is part of paths"
              .formatted(name));
    }
    if (type.isEmpty()) {
      problem(root, "the component \"%s\" has no spec.type".formatted(name));
    }
    if (spec == null || name.isEmpty() || type.isEmpty()) {
      return null;
    }
    var auth = fields.mapping(root, "auth");
    if (auth != null) {
      fields.check(auth, AUTH, "auth");
    }
    return new ComponentDocument(
        source(),
        name,
        type,
        fields.text(spec, "version").orElse(""),
        auth == null
            ? null
            : fields.text(auth, "secretStore").filter(store -> !store.isEmpty()).orElse(null),
        new YamlItems(fields).list(spec, "metadata"),
        initTimeout(spec),
        ignoreErrors(spec));
  }

  private boolean ignoreErrors(MappingNode spec) {
    var text = fields.text(spec, "ignoreErrors").orElse("");
    if (!text.isEmpty() && !text.equals("true") && !text.equals("false")) {
      problem(
          valueOf(spec, "ignoreErrors"),
          "\"ignoreErrors\" was \"%s\" but must be true or false".formatted(text));
    }
    return text.equals("true");
  }

  private Duration initTimeout(MappingNode spec) {
    var text = fields.text(spec, "initTimeout").orElse("");
    if (text.isEmpty()) {
      return ComponentSpec.DEFAULT_INIT_TIMEOUT;
    }
    // Dapr takes its default for a wrong one; a typo must not become another timeout.
    var parsed = GoDuration.parse(text, Duration.ZERO);
    if (parsed == null || parsed.isNegative() || parsed.isZero()) {
      problem(
          valueOf(spec, "initTimeout"),
          "\"initTimeout\" was \"%s\" but must be a positive duration such as 5s".formatted(text));
      return ComponentSpec.DEFAULT_INIT_TIMEOUT;
    }
    return parsed;
  }

  /** Where a value stands that is known to be there. */
  private static Node valueOf(MappingNode parent, String field) {
    return YamlText.fields(parent).getOrDefault(field, parent);
  }

  private void problem(Node node, String message) {
    fields.problem(node, message);
  }
}
