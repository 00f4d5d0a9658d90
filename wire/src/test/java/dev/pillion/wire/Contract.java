// SPDX-License-Identifier: Apache-2.0
package dev.pillion.wire;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.GenericDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A protobuf contract as plain lines that can be compared: each owner with its file, and each of
 * its parts with the owner in front. The same lines come out of the contract table and out of our
 * own descriptors.
 */
record Contract(
    List<String> services,
    List<String> rpcs,
    List<String> messages,
    List<String> fields,
    List<String> enums,
    List<String> enumValues) {

  private static final String ROOT = "dapr.proto.";

  private Contract() {
    this(
        new ArrayList<>(),
        new ArrayList<>(),
        new ArrayList<>(),
        new ArrayList<>(),
        new ArrayList<>(),
        new ArrayList<>());
  }

  /**
   * Reads the table: {@code file}, {@code service}, {@code message} and {@code enum} lines, parts
   * indented below.
   */
  static Contract inTable(List<String> lines) {
    Contract contract = new Contract();
    String file = "";
    String owner = "";
    List<String> parts = List.of();
    for (String line : lines) {
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      if (line.startsWith("  ")) {
        parts.add(owner + ": " + line.strip());
        continue;
      }
      String kind = line.substring(0, line.indexOf(' '));
      String name = line.substring(line.indexOf(' ') + 1);
      if (kind.equals("file")) {
        file = name;
        continue;
      }
      owner = file + " " + line;
      contract.ownersOf(kind).add(owner);
      parts = contract.partsOf(kind);
    }
    return contract;
  }

  /** Reads the descriptors of these files. */
  static Contract inFiles(List<FileDescriptor> files) {
    Contract contract = new Contract();
    for (FileDescriptor file : files) {
      file.getServices().forEach(contract::add);
      file.getMessageTypes().forEach(contract::add);
      file.getEnumTypes().forEach(contract::add);
    }
    return contract;
  }

  private void add(ServiceDescriptor service) {
    String owner = owner("service", service);
    services.add(owner);
    for (MethodDescriptor rpc : service.getMethods()) {
      String request = stream(rpc.isClientStreaming()) + name(rpc.getInputType(), rpc.getFile());
      String response = stream(rpc.isServerStreaming()) + name(rpc.getOutputType(), rpc.getFile());
      rpcs.add(owner + ": " + rpc.getName() + " " + request + " -> " + response);
    }
  }

  private void add(Descriptor message) {
    String owner = owner("message", message);
    messages.add(owner);
    for (FieldDescriptor field : message.getFields()) {
      String line = field.getNumber() + " " + field.getName() + " " + type(field);
      fields.add(owner + ": " + line + json(field));
    }
    message.getEnumTypes().forEach(this::add);
    message.getNestedTypes().stream()
        .filter(nested -> !nested.getOptions().getMapEntry())
        .forEach(this::add);
  }

  private void add(EnumDescriptor type) {
    String owner = owner("enum", type);
    enums.add(owner);
    type.getValues()
        .forEach(value -> enumValues.add(owner + ": " + value.getNumber() + " " + value.getName()));
  }

  private static String type(FieldDescriptor field) {
    if (field.isMapField()) {
      Descriptor entry = field.getMessageType();
      return "map<"
          + element(entry.findFieldByNumber(1))
          + ","
          + element(entry.findFieldByNumber(2))
          + ">";
    }
    if (field.isRepeated()) {
      return "repeated " + element(field);
    }
    if (field.getRealContainingOneof() != null) {
      return "oneof " + field.getRealContainingOneof().getName() + " " + element(field);
    }
    return (field.toProto().getProto3Optional() ? "optional " : "") + element(field);
  }

  private static String element(FieldDescriptor field) {
    return switch (field.getJavaType()) {
      case MESSAGE -> name(field.getMessageType(), field.getFile());
      case ENUM -> name(field.getEnumType(), field.getFile());
      default -> field.getType().name().toLowerCase(Locale.ROOT);
    };
  }

  /** Nothing, if the JSON name is the field's name in camel case. */
  private static String json(FieldDescriptor field) {
    String usual = Pattern.compile("_([a-z])")
        .matcher(field.getName())
        .replaceAll(letter -> letter.group(1).toUpperCase(Locale.ROOT));
    return field.getJsonName().equals(usual) ? "" : " json=" + field.getJsonName();
  }

  private static String owner(String kind, GenericDescriptor owner) {
    return owner.getFile().getFullName() + " " + kind + " " + name(owner, owner.getFile());
  }

  /**
   * As the table writes it: no package if it is the one of the file, else no {@code dapr.proto}.
   */
  private static String name(GenericDescriptor type, FileDescriptor seenFrom) {
    String name = type.getFullName();
    String here = seenFrom.getPackage() + ".";
    if (name.startsWith(here)) {
      return name.substring(here.length());
    }
    return name.startsWith(ROOT) ? name.substring(ROOT.length()) : name;
  }

  private static String stream(boolean streaming) {
    return streaming ? "stream " : "";
  }

  private List<String> ownersOf(String kind) {
    return switch (kind) {
      case "service" -> services;
      case "message" -> messages;
      case "enum" -> enums;
      default -> throw new IllegalArgumentException("not a kind of the table: " + kind);
    };
  }

  private List<String> partsOf(String kind) {
    return switch (kind) {
      case "service" -> rpcs;
      case "message" -> fields;
      case "enum" -> enumValues;
      default -> throw new IllegalArgumentException("not a kind of the table: " + kind);
    };
  }
}
