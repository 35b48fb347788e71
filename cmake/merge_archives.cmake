# Makes the archive OUT of all members of the archives PARTS, and strips what only a debugger reads. Included by an
# installation; needs AR and STRIP.
cmake_path(GET OUT PARENT_PATH folder)
file(MAKE_DIRECTORY ${folder})
file(REMOVE ${OUT})
message(STATUS "Installing: ${OUT}")
set(script "CREATE ${OUT}\n")
foreach(part IN LISTS PARTS)
  string(APPEND script "ADDLIB ${part}\n")
endforeach()
file(WRITE ${OUT}.mri "${script}SAVE\nEND\n")
execute_process(COMMAND ${AR} -M INPUT_FILE ${OUT}.mri COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE ${OUT}.mri)
execute_process(COMMAND ${STRIP} --strip-debug ${OUT} COMMAND_ERROR_IS_FATAL ANY)
