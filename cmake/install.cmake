# What `cmake --install` puts where. Two components:
#   server   the program, its configuration, systemd unit, manual page and shell completion
#   library  headers and archives for find_package(Tamis) and pkg-config; docs/examples/installed uses both
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# --- server ---
install(TARGETS tamis RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT server)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/tamis.toml DESTINATION ${CMAKE_INSTALL_SYSCONFDIR}/tamis COMPONENT server)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/systemd/tamis.service DESTINATION lib/systemd/system COMPONENT server)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/prometheus/tamis_alerts.yml ${PROJECT_SOURCE_DIR}/deploy/grafana/tamis.json
  DESTINATION ${CMAKE_INSTALL_DATADIR}/tamis COMPONENT server)
install(FILES ${PROJECT_SOURCE_DIR}/docs/operations.md ${PROJECT_SOURCE_DIR}/docs/configuration.md ${PROJECT_SOURCE_DIR}/NOTICE
  DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT server)
# The program prints these itself.
set(PRINTED
  "manual|${CMAKE_INSTALL_MANDIR}/man1/tamis.1"
  "completion bash|${CMAKE_INSTALL_DATADIR}/bash-completion/completions/tamis"
  "completion zsh|${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions/_tamis"
  "completion fish|${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d/tamis.fish")
foreach(printed IN LISTS PRINTED)
  string(REPLACE "|" ";" printed "${printed}")
  list(GET printed 0 command)
  list(GET printed 1 file)
  string(REPLACE " " ";" command "${command}")
  install(CODE "
    set(file \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${file}\")
    cmake_path(GET file PARENT_PATH folder)
    file(MAKE_DIRECTORY \"\${folder}\")
    message(STATUS \"Installing: \${file}\")
    execute_process(COMMAND \"$<TARGET_FILE:tamis>\" ${command} OUTPUT_FILE \"\${file}\" COMMAND_ERROR_IS_FATAL ANY)"
    COMPONENT server)
endforeach()

# --- library ---
# The headers that a header includes, itself among them: what an installed one needs, and no more.
function(tamis_headers_of header all)
  set(seen ${${all}})
  if(NOT header IN_LIST seen)
    list(APPEND seen ${header})
    file(STRINGS ${PROJECT_SOURCE_DIR}/${header} includes REGEX "^#include \"")
    foreach(line IN LISTS includes)
      string(REGEX REPLACE "^#include \"(.*)\".*" "\\1" included "${line}")
      tamis_headers_of(${included} seen)
    endforeach()
  endif()
  set(${all} ${seen} PARENT_SCOPE)
endfunction()

set(HEADERS "")
foreach(header engine/database.h client/client.h client/bulk_upload.h client/wire.h)
  tamis_headers_of(${header} HEADERS)
endforeach()
foreach(header IN LISTS HEADERS)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${PROJECT_SOURCE_DIR}/${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tamis/${folder} COMPONENT library)
endforeach()

# One archive for the engine with all that it stands on, one for the client; both without debugging information.
set(ENGINE_ARCHIVES "")
foreach(part engine ranker models index storage common)
  list(APPEND ENGINE_ARCHIVES $<TARGET_FILE:tamis_${part}>)
endforeach()
foreach(archive "libtamis.a|${ENGINE_ARCHIVES}" "libtamis_client.a|$<TARGET_FILE:tamis_client>")
  string(REGEX MATCH "^[^|]*" name "${archive}")
  string(REGEX REPLACE "^[^|]*\\|" "" parts "${archive}")
  install(CODE "
    set(OUT \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/${name}\")
    set(PARTS \"${parts}\")
    set(AR \"${CMAKE_AR}\")
    set(STRIP \"${CMAKE_STRIP}\")
    include(\"${PROJECT_SOURCE_DIR}/cmake/merge_archives.cmake\")"
    COMPONENT library)
endforeach()

# System libraries that the archives need, in the order of the linker.
set(TAMIS_ENGINE_LIBRARIES rocksdb roaring hwy openblas utf8proc lzma xxhash spdlog fmt pthread)
set(TAMIS_CLIENT_LIBRARIES ssl crypto z lzma zstd tomlplusplus xxhash spdlog fmt pthread)
string(REPLACE ";" " -l" TAMIS_ENGINE_LINK "-l${TAMIS_ENGINE_LIBRARIES}")
string(REPLACE ";" " -l" TAMIS_CLIENT_LINK "-l${TAMIS_CLIENT_LIBRARIES}")
set(PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Tamis)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/TamisConfig.cmake.in ${CMAKE_BINARY_DIR}/TamisConfig.cmake
  INSTALL_DESTINATION ${PACKAGE_DIR} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/TamisConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/TamisConfig.cmake ${CMAKE_BINARY_DIR}/TamisConfigVersion.cmake DESTINATION ${PACKAGE_DIR}
  COMPONENT library)
file(RELATIVE_PATH PKGCONFIG_TO_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(package tamis tamis-client)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${package}.pc.in ${CMAKE_BINARY_DIR}/${package}.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/${package}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
endforeach()
