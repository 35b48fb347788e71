# The console (console/): its web page is built by npm from the lock file and embedded in the server. Sets
# TAMIS_CONSOLE_CC, the generated source; where npm is absent or fails, or with TAMIS_CONSOLE=OFF, that source holds no
# files, and /console/ says so.
option(TAMIS_CONSOLE "build the web console into the server (needs Node.js 18 or later and npm)" ON)

set(TAMIS_CONSOLE_CC ${CMAKE_BINARY_DIR}/console/console_assets.cc)
set(CONSOLE_TO_CC ${PROJECT_SOURCE_DIR}/server/console_to_cc.py)
set(CONSOLE_DIST -)
set(CONSOLE_DEPENDS ${CONSOLE_TO_CC})
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/console)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

if(TAMIS_CONSOLE)
  find_program(NPM npm)
  find_program(NODE node)
  set(NODE_VERSION 0)
  if(NODE)
    execute_process(COMMAND ${NODE} --version OUTPUT_VARIABLE NODE_VERSION OUTPUT_STRIP_TRAILING_WHITESPACE)
    string(REPLACE "v" "" NODE_VERSION "${NODE_VERSION}")
  endif()
  if(NPM AND NODE_VERSION VERSION_GREATER_EQUAL 18)
    set(CONSOLE_SOURCE ${PROJECT_SOURCE_DIR}/console)
    set(CONSOLE_DIST ${CMAKE_BINARY_DIR}/console/dist)
    set(CONSOLE_BUILT ${CMAKE_BINARY_DIR}/console/built.stamp)
    file(GLOB_RECURSE CONSOLE_SOURCES CONFIGURE_DEPENDS ${CONSOLE_SOURCE}/src/* ${CONSOLE_SOURCE}/public/*
      ${PROJECT_SOURCE_DIR}/clients/typescript/src/*)
    list(APPEND CONSOLE_SOURCES ${CONSOLE_SOURCE}/index.html ${CONSOLE_SOURCE}/vite.config.ts
      ${CONSOLE_SOURCE}/package.json ${CONSOLE_SOURCE}/package-lock.json)
    add_custom_command(OUTPUT ${CONSOLE_BUILT}
      COMMAND ${CMAKE_COMMAND} -DNPM=${NPM} -DNODE=${NODE} -DDIR=${CONSOLE_SOURCE} -DOUT=${CONSOLE_DIST}
        -P ${PROJECT_SOURCE_DIR}/cmake/build_console.cmake
      COMMAND ${CMAKE_COMMAND} -E touch ${CONSOLE_BUILT}
      DEPENDS ${CONSOLE_SOURCES} ${PROJECT_SOURCE_DIR}/cmake/build_console.cmake
      COMMENT "Building the console" VERBATIM)
    list(APPEND CONSOLE_DEPENDS ${CONSOLE_BUILT})
  else()
    message(STATUS "The server will have no console: it needs Node.js 18 or later and npm; found node ${NODE_VERSION}")
  endif()
endif()

add_custom_command(OUTPUT ${TAMIS_CONSOLE_CC}
  COMMAND Python3::Interpreter ${CONSOLE_TO_CC} ${CONSOLE_DIST} ${TAMIS_CONSOLE_CC}
  DEPENDS ${CONSOLE_DEPENDS}
  COMMENT "Embedding the console" VERBATIM)
